"""The words of captions: templates by kind of fact and by place in a sentence, ``{}`` standing for the fact.

Places: *subject* names the compound; *adjective* stands before a noun; *head* is the noun itself; *post* follows it;
*predicate* follows "it" or the compound's name; *nominal* is a noun for the fact; *tag* is a keyword; *value* fills a
list of properties. "a" becomes "an" where it must when the caption is put together.
"""

from __future__ import annotations

from typing import Any

# fmt: off
FORMULA: dict[Any, tuple[str, ...]] = {
    "subject": ("{}",),
    "adjective": ("{}",),
    "post": ("of composition {}", "with formula {}", "with the formula {}", "of formula {}", "with composition {}",
             "made of {}", "having the chemical formula {}", "of {}", "written {}", "({})"),
    "predicate": ("has the formula {}", "has the composition {}", "is {}", "can be written as {}",
                  "corresponds to {}", "has a composition of {}"),
    "nominal": ("composition {}", "formula {}", "the chemical formula {}", "{} stoichiometry"),
    "tag": ("{}", "{}", "{}", "{}", "formula {}", "formula: {}", "composition {}", "compound {}"),
    "value": ("{}",),
}
NAMES: dict[Any, tuple[str, ...]] = {
    "subject": ("{}",),
    "adjective": ("{}",),
    "tag": ("{}",),
    "value": ("{}",),
}
NAMES_JOINED: dict[Any, tuple[str, ...]] = {
    "subject": ("{} compound", "{} phase", "{} crystal", "{} material", "{}"),
    "adjective": ("{}",),
    "tag": ("{}", "{} compound", "{} phase"),
    "value": ("{}",),
}
SYSTEM: dict[Any, tuple[str, ...]] = {
    "adjective": ("{}", "{}", "{}-system"),
    "post": ("in the {} system", "from the {} system", "of the {} chemical system", "in the {} phase diagram",
             "in {}", "in the {} composition space", "out of the {} system", "belonging to the chemical system {}"),
    "predicate": ("is part of the {} system", "belongs to the {} chemical system", "lies in the {} phase diagram",
                  "comes from the {} system", "is found in {}"),
    "nominal": ("the {} system", "{} chemistry", "the {} phase diagram", "chemical system {}"),
    "tag": ("{}", "{}", "{} system", "chemsys {}", "system {}", "chemical system {}", "{} phases"),
    "value": ("{}",),
}
ONLY_ELEMENTS: dict[Any, tuple[str, ...]] = {
    "post": ("containing only {}", "made of {} only", "composed solely of {}", "consisting of {}", "built from {}",
             "formed by {} alone", "made up of {} and nothing else", "with only {}", "whose only elements are {}",
             "composed of {}", "of {} and no other element", "comprising just {}"),
    "predicate": ("consists of {}", "is composed of {}", "contains only {}", "is made up of {}",
                  "is built from {} alone", "has {} as its only elements", "comprises {} and nothing else"),
    "nominal": ("elements limited to {}", "composition restricted to {}", "only {}"),
    "tag": ("only {}", "elements: {}", "just {}", "{} only", "elements {}"),
    "value": ("{}",),
}
ELEMENT: dict[Any, tuple[str, ...]] = {
    "adjective": ("{}-containing", "{}-bearing", "{}-based", "{}", "{} containing"),
    "post": ("containing {}", "with {}", "that contains {}", "with {} in it", "including {}",
             "having {} in the formula", "based on {}", "of {}", "with {} as a component",
             "with {} among its elements", "featuring {}"),
    "predicate": ("contains {}", "includes {}", "has {} in it", "is based on {}", "features {}"),
    "nominal": ("{} content", "presence of {}", "{} as a constituent"),
    "tag": ("{}", "{}", "with {}", "contains {}", "{} compound", "has {}", "includes {}"),
    "value": ("{}",),
}
ELEMENTS: dict[Any, tuple[str, ...]] = {
    "post": ("containing {}", "with {}", "that contains both {}", "with {} in it", "including {}", "based on {}",
             "that has {}", "containing at least {}", "with {} among its elements", "of {}", "featuring {}"),
    "predicate": ("contains {}", "includes {}", "has {} in it", "is based on {}", "combines {}"),
    "nominal": ("{} among the elements", "presence of {}", "{} together"),
    "tag": ("{}", "with {}", "contains {}", "has {}", "containing {}"),
    "value": ("{}",),
}
ANONYMOUS: dict[Any, tuple[str, ...]] = {
    "adjective": ("{}", "{}-type", "{}-stoichiometry"),
    "post": ("of {} stoichiometry", "with {} stoichiometry", "with general formula {}", "of the {} type",
             "with formula type {}", "with anonymous formula {}", "of general composition {}",
             "with the stoichiometry {}", "of the form {}"),
    "predicate": ("has {} stoichiometry", "has the general formula {}", "is of the {} type",
                  "follows the {} formula type", "has the anonymous formula {}", "is an {} compound"),
    "nominal": ("{} stoichiometry", "the general formula {}", "formula type {}", "{} composition"),
    "tag": ("{}", "{}", "{}", "{} stoichiometry", "formula type {}", "prototype formula {}", "{} compound", "{}-type"),
    "value": ("{}",),
}
RATIO: dict[Any, tuple[str, ...]] = {
    "adjective": ("{}",),
    "post": ("with elements in a {} ratio", "of {} stoichiometry", "with a {} atomic ratio", "in the ratio {}",
             "with atoms in the proportion {}", "with a {} composition"),
    "predicate": ("has its elements in a {} ratio", "has {} stoichiometry",
                  "combines its elements in the proportion {}"),
    "nominal": ("{} stoichiometry", "a {} atomic ratio", "a {} ratio of elements"),
    "tag": ("{}", "{} ratio", "ratio {}", "{} stoichiometry", "stoichiometry {}"),
    "value": ("{}",),
}
ARITY: dict[Any, tuple[str, ...]] = {
    "adjective": ("{}",),
    "post": ("of {} composition", "that is {}", "of {} type"),
    "predicate": ("is {}", "is a {} compound", "is a {} phase"),
    "nominal": ("{} composition", "{} chemistry"),
    "tag": ("{}", "{} compound", "{} phase"),
    "value": ("{}",),
}
COUNT: dict[Any, tuple[str, ...]] = {
    "adjective": ("{}-element", "{}-component"),
    "post": ("made of {} elements", "with {} elements", "containing {} different elements", "of {} elements",
             "built from {} kinds of atom", "with {} distinct elements", "having {} elements"),
    "predicate": ("contains {} elements", "has {} different elements", "is made of {} elements",
                  "is built from {} kinds of atoms"),
    "nominal": ("{} elements", "{} different elements", "{} kinds of atom"),
    "tag": ("{} elements", "{}-element", "{} components"),
    "value": ("{}",),
}
COUNT_OF_ONE: dict[Any, tuple[str, ...]] = {
    "adjective": ("{}-element", "single-element"),
    "post": ("made of a single element", "with {} element only", "of {} kind of atom"),
    "predicate": ("contains {} element only", "is made of a single element"),
    "nominal": ("a single element",),
    "tag": ("{} element", "single element"),
    "value": ("{}",),
}
CRYSTAL_SYSTEM: dict[Any, tuple[str, ...]] = {
    "adjective": ("{}", "{}", "{}", "{}", "{}-symmetry", "{}-lattice"),
    "post": ("of {} symmetry", "with {} symmetry", "with a {} lattice", "crystallising in the {} system",
             "crystallizing in the {} system", "in the {} crystal system", "having a {} unit cell", "in {} form",
             "with {} crystal structure", "that is {}", "in a {} arrangement", "with a {} cell", "showing {} symmetry",
             "arranged in a {} lattice", "in its {} form", "in a {} phase", "belonging to the {} system",
             "whose lattice is {}", "in {} symmetry", "exhibiting {} symmetry", "with a {} framework",
             "in a {} crystal", "displaying a {} unit cell", "that crystallizes {}", "adopting {} geometry",
             "in {} crystal form", "showing a {} arrangement of atoms"),
    "predicate": ("is {}", "is {}", "crystallises in the {} system", "crystallizes in the {} crystal system",
                  "has a {} lattice", "shows {} symmetry", "adopts a {} structure", "belongs to the {} crystal system",
                  "forms {} crystals", "has {} symmetry", "has a {} unit cell", "exhibits {} symmetry",
                  "takes a {} structure", "has its atoms in a {} arrangement", "displays a {} lattice",
                  "forms a {} phase", "crystallizes in a {} cell", "exists in {} form", "possesses a {} cell"),
    "nominal": ("{} symmetry", "{} crystal system", "{} lattice", "{} structure", "{} arrangement", "{} unit cell",
                "{} geometry", "{} crystal structure", "{} form", "{} phase", "{} crystallography", "{} framework",
                "{} configuration", "{} crystal lattice", "{} cell", "{} modification", "{} distortion",
                "{} arrangement of atoms", "{} ordering of atoms"),
    "tag": ("{}", "{}", "{}", "{}", "{} system", "crystal system {}", "{} crystal", "{} lattice", "{} symmetry",
            "{} structure", "{} phase", "{} cell", "{} polymorph"),
    "value": ("{}",),
}
GROUP: dict[Any, tuple[str, ...]] = {
    "adjective": ("{}",),
    "post": ("in space group {}", "with space group {}", "of space group {}", "in the {} space group",
             "with {} symmetry", "crystallising in {}", "crystallizing in space group {}", "in {}", "({})",
             "having {} symmetry", "whose space group is {}", "belonging to the {} space group", "(space group {})",
             "(SG {})", "in {} symmetry", "described by {}", "with the symmetry {}"),
    "predicate": ("has space group {}", "crystallises in {}", "crystallizes in the {} space group", "has {} symmetry",
                  "belongs to space group {}", "is described in {}", "adopts {} symmetry", "falls in space group {}",
                  "takes the space group {}", "has the symmetry of {}"),
    "nominal": ("space group {}", "{} symmetry", "the {} space group", "{} crystal structure", "{} structure",
                "{} phase"),
    "tag": ("{}", "{}", "{}", "{}", "space group {}", "SG {}", "sg {}", "s.g. {}", "spacegroup {}", "{} symmetry",
            "spg {}", "sg: {}", "{} phase"),
    "value": ("{}",),
}
GROUP_NUMBER: dict[Any, tuple[str, ...]] = {
    "post": ("in space group {}", "in space group no. {}", "with space group number {}", "of space group {}",
             "(no. {})", "(space group #{})", "in SG {}", "having the international space group number {}",
             "with symmetry no. {}"),
    "predicate": ("has space group {}", "has space group number {}", "crystallises in space group no. {}",
                  "crystallizes in space group {}", "belongs to space group {}", "falls in space group number {}"),
    "nominal": ("space group {}", "space group no. {}", "space group number {}"),
    "tag": ("space group {}", "SG {}", "sg {}", "SG{}", "sg#{}", "spacegroup {}", "no. {}", "space group #{}", "spg {}",
            "SG no. {}", "space group number {}", "sg={}", "group {}"),
    "value": ("{}", "no. {}", "#{}"),
}
BOTH = ("{symbol} ({number})", "{symbol} (No. {number})", "{symbol} (#{number})", "{symbol}, no. {number}",
        "{symbol} [{number}]")
STRUCTURE_TYPE: dict[Any, tuple[str, ...]] = {
    "adjective": ("{}-type", "{} type", "{}-structured", "{} structure", "{}-structure"),
    "post": ("with the {} structure", "in the {} structure type", "of {} type", "with {} structure",
             "of the {} structure type", "adopting the {} structure", "having a {} type structure",
             "in the {} structure", "with a {} lattice", "related to the {} prototype",
             "crystallising in the {} structure", "that takes the {} structure"),
    "predicate": ("has the {} structure", "adopts the {} structure", "crystallises in the {} structure type",
                  "is of {} type", "takes the {} structure", "crystallizes in the {} prototype",
                  "shows a {} type arrangement"),
    "nominal": ("{} structure", "{} type structure", "{}-type arrangement", "{} structure type", "{} prototype",
                "{} lattice"),
    "tag": ("{}", "{} structure", "{} type", "{}-type", "{} prototype", "{} structure type"),
    "value": ("{}", "{} type", "{}"),
}
COMPOUND_TYPE: dict[Any, tuple[str, ...]] = {
    "adjective": ("{}-type", "{} type", "{}-structure", "{} structure type"),
    "post": ("with the {} structure type", "in the {} structure type", "of {} type", "isostructural with {}",
             "with the {}-type structure", "adopting the structure of {}", "isotypic with {}", "of the {} prototype",
             "with the same structure as {}", "crystallizing in the {} type"),
    "predicate": ("has the {} structure type", "adopts the {}-type structure", "is isostructural with {}",
                  "is of {} type", "shares the structure of {}", "crystallises in the {} structure type"),
    "nominal": ("{}-type structure", "{} structure type", "{} prototype", "{}-type lattice"),
    "tag": ("{}-type", "{} type", "{} structure type", "{} prototype", "{}-type structure"),
    "value": ("{} type", "{}-type"),
}
PLAIN_TYPES = frozenset(
    ["perovskite", "spinel", "Heusler", "half-Heusler", "inverse Heusler", "quaternary Heusler", "double perovskite",
     "cubic perovskite", "orthorhombic perovskite", "layered perovskite", "hexagonal perovskite", "post-perovskite",
     "skutterudite", "filled skutterudite", "pyrochlore", "garnet", "cryolite", "rock salt", "wurtzite", "zinc blende",
     "fluorite", "rutile", "anatase", "ilmenite", "corundum", "chalcopyrite", "stannite", "zircon", "scheelite",
     "clathrate", "Chevrel phase", "H-phase", "quadruple perovskite", "bixbyite", "pyrite", "marcasite", "olivine"]
)
"""Names that stand alone: a spinel, rutile TiO2."""
PLAIN_TYPE: dict[Any, tuple[str, ...]] = {
    **STRUCTURE_TYPE,
    "adjective": ("{}", "{}", "{}", *STRUCTURE_TYPE["adjective"]),
    "head": ("{}",),
    "predicate": (*STRUCTURE_TYPE["predicate"], "is a {}", "is a {} compound"),
    "tag": ("{}", "{}", *STRUCTURE_TYPE["tag"]),
}
FAMILY: dict[Any, tuple[str, ...]] = {
    "adjective": ("{}",),
    "head": ("{}",),
    "post": ("from the {} family", "of the {} class", "that is a {}", "among the {}s", "classed as a {}"),
    "predicate": ("is a {}", "is a {} compound", "belongs to the {}s", "is one of the {}s", "counts as a {}"),
    "nominal": ("{} chemistry", "{} composition", "{} character"),
    "tag": ("{}", "{}", "{}s", "{} compound", "{} material"),
    "value": ("{}",),
}
ELEMENTAL: dict[Any, tuple[str, ...]] = {
    "adjective": ("elemental", "pure-element", "elementary"),
    "post": ("of a pure element", "in elemental form"),
    "predicate": ("is a pure element", "is elemental", "is an element rather than a compound"),
    "nominal": ("elemental form", "a pure element"),
    "tag": ("elemental", "pure element", "elemental solid", "element"),
    "value": ("element", "elemental solid"),
}
INTERMETALLIC: dict[Any, tuple[str, ...]] = {
    "adjective": ("intermetallic",),
    "head": ("intermetallic", "intermetallic"),
    "post": ("of intermetallic nature", "made of metals only", "from the intermetallics"),
    "predicate": ("is intermetallic", "is an intermetallic compound", "is made of metals only"),
    "nominal": ("intermetallic composition", "intermetallic nature"),
    "tag": ("intermetallic", "intermetallics", "intermetallic compound", "intermetallic phase"),
    "value": ("intermetallic",),
}
GAP: dict[str, dict[Any, tuple[str, ...]]] = {
    "metal": {
        "adjective": ("metallic", "metallic", "metallic", "conducting", "electrically conducting", "gapless",
                      "zero-gap", "conductive"),
        "head": ("metal", "conductor"),
        "post": ("with metallic character", "with no band gap", "without a band gap", "showing metallic behaviour",
                 "with metallic conductivity", "that conducts electricity", "exhibiting metallic properties",
                 "with metallic behavior", "with zero band gap", "that is metallic", "with metallic bonding",
                 "with metallic characteristics", "with no gap at the Fermi level"),
        "predicate": ("is metallic", "is a metal", "conducts electricity", "has no band gap",
                      "shows metallic behaviour", "exhibits metallic properties", "is an electrical conductor",
                      "has a zero band gap", "behaves as a metal", "displays metallic character"),
        "nominal": ("metallic character", "metallic behaviour", "metallic properties", "metallicity", "zero band gap",
                    "metallic conductivity", "metallic nature", "metallic characteristics"),
        "tag": ("metal", "metallic", "metallic", "conductor", "no band gap", "gapless", "zero gap", "conducting",
                "band gap 0"),
        "value": ("metal", "metallic", "conductor"),
    },
    "nonmetal": {
        "adjective": ("non-metallic", "nonmetallic", "gapped"),
        "post": ("with a band gap", "that is not metallic", "with a gap between valence and conduction band",
                 "having a finite band gap", "with a nonzero band gap", "without metallic conduction"),
        "predicate": ("is non-metallic", "has a band gap", "is not a metal", "does not conduct like a metal",
                      "has a finite band gap", "is gapped"),
        "nominal": ("non-metallic character", "a finite band gap", "an open band gap", "a nonzero gap"),
        "tag": ("non-metallic", "nonmetal", "not metallic", "gapped", "has band gap", "finite gap", "nonmetallic"),
        "value": ("non-metal", "nonmetallic", "gapped"),
    },
    "narrow gap": {
        "adjective": ("narrow-gap", "small-gap", "narrow-band-gap", "low-gap", "narrow-bandgap", "small-band-gap"),
        "post": ("with a narrow band gap", "with a small gap", "with a small band gap",
                 "having a narrow gap"),
        "predicate": ("has a narrow band gap", "has a small band gap", "is narrow-gap",
                      "shows a small gap"),
        "nominal": ("a narrow band gap", "a small gap", "a narrow gap"),
        "tag": ("narrow gap", "small gap", "small band gap", "narrow bandgap", "low gap"),
        "value": ("narrow gap", "small gap"),
    },
    "semiconductor": {
        "adjective": ("semiconducting", "semiconducting", "semiconductor"),
        "head": ("semiconductor", "semiconductor"),
        "post": ("that is a semiconductor", "with semiconducting behaviour", "with a semiconductor's band gap",
                 "showing semiconducting properties", "with semiconducting character"),
        "predicate": ("is a semiconductor", "is semiconducting", "behaves as a semiconductor",
                      "shows semiconducting behavior"),
        "nominal": ("semiconducting behaviour", "semiconducting character", "semiconducting properties"),
        "tag": ("semiconductor", "semiconducting", "semiconductor material", "semiconductors"),
        "value": ("semiconductor", "semiconducting"),
    },
    "wide gap": {
        "adjective": ("wide-gap", "wide-band-gap", "large-gap", "wide-bandgap", "large-band-gap"),
        "post": ("with a wide band gap", "with a large band gap", "with a band gap above 3 eV", "having a wide gap",
                 "whose gap exceeds 3 eV", "with a large gap"),
        "predicate": ("has a wide band gap", "has a large band gap", "has a gap above 3 eV", "is wide-gap",
                      "shows a large gap"),
        "nominal": ("a wide band gap", "a large band gap", "a wide gap", "a gap over 3 eV"),
        "tag": ("wide gap", "wide band gap", "large gap", "wide bandgap", "large band gap", "gap > 3 eV"),
        "value": ("wide gap", "large gap", "above 3 eV"),
    },
    "insulator": {
        "adjective": ("insulating", "insulating", "electrically insulating", "non-conducting"),
        "head": ("insulator", "insulator", "electrical insulator"),
        "post": ("that insulates", "with insulating behaviour", "with insulating properties", "that does not conduct",
                 "that is an insulator", "with insulating character", "with a very large band gap"),
        "predicate": ("is an insulator", "is insulating", "does not conduct electricity", "behaves as an insulator",
                      "shows insulating properties", "is an electrical insulator"),
        "nominal": ("insulating behaviour", "insulating properties", "insulating character", "insulating nature"),
        "tag": ("insulator", "insulating", "insulator", "non-conducting", "insulators"),
        "value": ("insulator", "insulating"),
    },
}
NARROW_SEMICONDUCTOR: dict[Any, tuple[str, ...]] = {
    "adjective": ("narrow-gap semiconducting", "small-gap semiconducting"),
    "head": ("narrow-gap semiconductor", "small-gap semiconductor", "narrow-band-gap semiconductor"),
    "post": ("that is a narrow-gap semiconductor", "semiconducting with a small gap"),
    "predicate": ("is a narrow-gap semiconductor", "is a semiconductor with a small band gap"),
    "tag": ("narrow-gap semiconductor", "small gap semiconductor", "narrow band gap semiconductor"),
    "value": ("narrow-gap semiconductor",),
}
GAP_VALUE: dict[Any, tuple[str, ...]] = {
    "post": ("with a band gap of {} eV", "with a gap of about {} eV", "with gap ~{} eV", "having a {} eV band gap",
             "whose band gap is {} eV", "with a calculated gap of {} eV", "(Eg = {} eV)", "with a bandgap near {} eV"),
    "predicate": ("has a band gap of {} eV", "has a gap of about {} eV", "shows a {} eV band gap",
                  "has a calculated (PBE) band gap of {} eV"),
    "nominal": ("a band gap of {} eV", "a {} eV gap", "a gap around {} eV"),
    "tag": ("gap {} eV", "band gap {} eV", "Eg {} eV", "Eg = {} eV", "{} eV gap", "gap ~{} eV", "bandgap {}eV",
            "{} eV band gap"),
    "value": ("{} eV", "~{} eV"),
}
STABILITY: dict[str, dict[Any, tuple[str, ...]]] = {
    "stable": {
        "adjective": ("stable", "stable", "stable", "thermodynamically stable", "ground-state", "on-hull"),
        "post": ("on the convex hull", "that is stable", "at zero energy above the hull",
                 "stable against decomposition", "lying on the convex hull", "that is thermodynamically stable",
                 "in a stable configuration"),
        "predicate": ("is stable", "is thermodynamically stable", "lies on the convex hull", "sits on the hull",
                      "is stable against decomposition", "is on the hull"),
        "nominal": ("thermodynamic stability", "stability", "a place on the convex hull"),
        "tag": ("stable", "stable", "on hull", "thermodynamically stable", "e_hull 0", "on the convex hull"),
        "value": ("stable", "on the hull"),
    },
    "metastable": {
        "adjective": ("metastable", "metastable", "metastable", "nearly stable", "slightly unstable"),
        "post": ("slightly above the hull", "that is metastable", "close to the convex hull", "just above the hull",
                 "in a metastable state", "of metastable nature"),
        "predicate": ("is metastable", "lies slightly above the convex hull", "is close to the hull",
                      "sits just above the convex hull", "is nearly stable"),
        "nominal": ("metastability", "a small energy above the hull", "metastable character"),
        "tag": ("metastable", "metastable", "near hull", "near the hull", "slightly above hull", "metastable phase"),
        "value": ("metastable", "near the hull"),
    },
    "unstable": {
        "adjective": ("unstable", "unstable", "thermodynamically unstable"),
        "post": ("far above the hull", "that is unstable", "well above the convex hull", "prone to decomposition",
                 "that would decompose"),
        "predicate": ("is unstable", "lies well above the convex hull", "is far above the hull",
                      "is thermodynamically unstable", "is unstable against decomposition"),
        "nominal": ("instability", "thermodynamic instability", "a high energy above the hull"),
        "tag": ("unstable", "unstable", "far above hull", "thermodynamically unstable", "not stable"),
        "value": ("unstable", "far above the hull"),
    },
}
HULL_VALUE: dict[Any, tuple[str, ...]] = {
    "post": ("{} above the hull", "with an energy above hull of {}", "lying {} above the convex hull", "(e_hull = {})"),
    "predicate": ("lies {} above the convex hull", "has an energy above hull of {}", "is {} above the hull"),
    "nominal": ("an energy above hull of {}", "{} above the hull"),
    "tag": ("e_hull {}", "{} above hull", "Ehull {}", "energy above hull {}"),
    "value": ("{}",),
}

NUMBERS = {
    1: ("unary", "one"), 2: ("binary", "two"), 3: ("ternary", "three"), 4: ("quaternary", "four"), 5: ("quinary",
                                                                                                       "five"),
    6: ("", "six"), 7: ("", "seven"), 8: ("", "eight"), 9: ("", "nine"),
}
"""Adjective and word by number of elements."""
LETTERS = "ABCDEFGHJKLM"
RHOMBOHEDRAL = frozenset([146, 148, 155, 160, 161, 166, 167])
"""Trigonal groups with an R lattice."""

NOUNS = ("compound", "compound", "material", "phase", "crystal", "structure", "crystal structure", "solid", "lattice",
         "polymorph", "crystalline solid", "crystalline phase", "unit cell", "system", "modification",
         "crystal lattice", "substance", "crystalline compound", "crystalline material", "inorganic compound",
         "bulk crystal")
PLURALS = ("compounds", "materials", "phases", "crystals", "structures", "solids", "crystalline solids", "substances",
           "polymorphs")
REQUESTS = ("show me {}", "find {}", "looking for {}", "I need {}", "search for {}", "give me {}",
            "I'm looking for {}", "list {}", "get {}", "can you find {}?", "is there {}?", "do you have {}?",
            "please show {}", "I want {}", "any {}?", "help me find {}", "where can I find {}?", "what about {}",
            "need {}", "retrieve {}", "an example of {}", "examples of {}", "example: {}", "query: {}", "suggest {}",
            "could you look up {}?", "we want {}", "anything like {}?", "tell me about {}", "pull up {}",
            "candidates: {}", "I would like to see {}", "what do you know about {}?", "entries for {}")
OPENINGS = ("crystal structure of {}", "structure of {}", "{}", "the {}", "atomic structure of {}", "unit cell of {}",
            "a view of {}", "description of {}", "crystal data for {}", "structural model of {}", "study of {}",
            "overview of {}", "an example of {}", "arrangement of atoms in {}", "lattice of {}", "geometry of {}",
            "crystallography of {}", "characterisation of {}", "atomic arrangement in {}", "crystalline form of {}",
            "investigation of {}", "on the structure of {}", "notes on {}")
LINKS = ("of", "in", "for", "observed in", "found in", "shown by", "seen in", "exhibited by", "displayed by",
         "within", "reported for")
VERBS = ("with", "showing", "exhibiting", "featuring", "having", "displaying", "and", "combined with",
         "characterised by", "characterized by", "that shows", "marked by")
FLOURISHES = ("well-defined", "characteristic", "notable", "detailed view of", "typical")
SOURCES = ("mp", "materials project", "icsd", "crystal", "structure", "CIF", "cif", "material", "POSCAR")
SUBJECTS = ("this compound", "the compound", "this material", "the material", "this crystal", "this phase",
            "the solid", "it", "the phase", "the structure")
# fmt: on

"""Groups of elements that people ask for by one word, and the elements behind a class of compounds."""

from __future__ import annotations

from clip_mat.crystal import SYMBOLS


def _span(first: str, last: str) -> tuple[str, ...]:
    """Elements from one atomic number to another."""
    return SYMBOLS[SYMBOLS.index(first) : SYMBOLS.index(last) + 1]


LANTHANIDES = _span("La", "Lu")
RARE_EARTHS = ("Sc", "Y", *LANTHANIDES)
ACTINIDES = _span("Ac", "Lr")
D_BLOCK = (*_span("Sc", "Zn"), *_span("Y", "Cd"), *_span("Hf", "Hg"))
PLATINUM_GROUP = ("Ru", "Rh", "Pd", "Os", "Ir", "Pt")
TOXIC = ("Be", "As", "Cd", "Hg", "Tl", "Pb")
"""Elements whose compounds are commonly left out for being poisonous; no ruling on any single compound."""

_METALS = r"(?:[- ](?:metals?|elements?|atoms?|ions?|cations?))?"
GROUPS: dict[str, tuple[str, ...]] = {
    rf"alkali{_METALS}(?! earth)": ("Li", "Na", "K", "Rb", "Cs", "Fr"),
    rf"alkaline[- ]earths?{_METALS}": ("Be", "Mg", "Ca", "Sr", "Ba", "Ra"),
    r"transition[- ](?:metals?|elements?)": D_BLOCK,
    rf"d-block{_METALS}": D_BLOCK,
    rf"f-block{_METALS}": (*LANTHANIDES, *ACTINIDES),
    rf"rare[- ]earths?{_METALS}": RARE_EARTHS,
    rf"lanthan(?:ide|oid)s?{_METALS}": LANTHANIDES,
    rf"actin(?:ide|oid)s?{_METALS}": ACTINIDES,
    r"halogens?(?: atoms?| ions?)?": ("F", "Cl", "Br", "I", "At"),
    r"chalcogens?(?: atoms?| ions?)?": ("O", "S", "Se", "Te"),
    r"pnictogens?(?: atoms?| ions?)?": ("N", "P", "As", "Sb", "Bi"),
    r"noble[- ]gas(?:es)?": ("He", "Ne", "Ar", "Kr", "Xe", "Rn"),
    r"(?:noble|precious)[- ]metals?": (*PLATINUM_GROUP, "Ag", "Au"),
    r"platinum[- ]group(?:[- ](?:metals?|elements?))?": PLATINUM_GROUP,
    r"coinage[- ]metals?": ("Cu", "Ag", "Au"),
    r"toxic(?: (?:elements?|metals?|heavy metals?))": TOXIC,
    r"radioactive(?: (?:elements?|metals?))": ("Tc", "Pm", *_span("Po", "Lr")),
}
"""Elements by a regular expression for their name. Transition metals are the d block, groups 3 to 12."""

FAMILY_ELEMENTS: dict[str, tuple[str, ...]] = {
    "oxide": ("O",),
    "sulfide": ("S",),
    "selenide": ("Se",),
    "telluride": ("Te",),
    "fluoride": ("F",),
    "chloride": ("Cl",),
    "bromide": ("Br",),
    "iodide": ("I",),
    "nitride": ("N",),
    "phosphide": ("P",),
    "arsenide": ("As",),
    "antimonide": ("Sb",),
    "carbide": ("C",),
    "silicide": ("Si",),
    "germanide": ("Ge",),
    "boride": ("B",),
    "hydride": ("H",),
    "halide": ("F", "Cl", "Br", "I"),
}
"""What a compound of each family of `clip_mat.facts.families` cannot be without (one of)."""

"""Names by which papers call compounds without writing a formula: acronyms, trivial names, organic ions.

An acronym counts as defined here only where materials papers use it for one compound; those that mean several (LNO,
BTO, NMC) are left to the paper, which defines its own as ``NAME (ACRONYM)``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from clip_mat.language.names import ELEMENT_SYMBOLS

ACRONYMS: Mapping[str, str] = MappingProxyType(
    {
        "YBCO": "YBa2Cu3O7",
        "BSCCO": "Bi2Sr2CaCu2O8",
        "CZTS": "Cu2ZnSnS4",
        "CZTSe": "Cu2ZnSnSe4",
        "CIS": "CuInS2",
        "CISe": "CuInSe2",
        "LCO": "LiCoO2",
        "LFP": "LiFePO4",
        "LMO": "LiMn2O4",
        "LTO": "Li4Ti5O12",
        "NMC111": "Li3NiMnCoO6",
        "LLZO": "Li7La3Zr2O12",
        "LGPS": "Li10GeP2S12",
        "LPS": "Li3PS4",
        "BFO": "BiFeO3",
        "STO": "SrTiO3",
        "PTO": "PbTiO3",
        "KTP": "KTiPO5",
        "KDP": "KH2PO4",
        "BBO": "BaB2O4",
        "LBO": "LiB3O5",
        "YAG": "Y3Al5O12",
        "GGG": "Gd3Ga5O12",
        "IGZO": "InGaZnO4",
        "GST": "Ge2Sb2Te5",
    }
)
"""Formulas by acronym."""

DOPED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "YSZ": ("ZrO2", "yttria-stabilised zirconia"),
        "ScSZ": ("ZrO2", "scandia-stabilised zirconia"),
        "BZY": ("BaZrO3", "yttrium-doped barium zirconate"),
        "BCY": ("BaCeO3", "yttrium-doped barium cerate"),
        "GDC": ("CeO2", "gadolinia-doped ceria"),
        "CGO": ("CeO2", "gadolinia-doped ceria"),
        "SDC": ("CeO2", "samaria-doped ceria"),
        "LSGM": ("LaGaO3", "strontium- and magnesium-doped lanthanum gallate"),
        "LSM": ("LaMnO3", "strontium-doped lanthanum manganite"),
        "LSMO": ("LaMnO3", "strontium-doped lanthanum manganite"),
        "LSCF": ("LaCoO3", "strontium- and iron-doped lanthanum cobaltite"),
        "ITO": ("In2O3", "tin-doped indium oxide"),
        "FTO": ("SnO2", "fluorine-doped tin oxide"),
        "AZO": ("ZnO", "aluminium-doped zinc oxide"),
        "CIGS": ("CuInSe2", "copper indium selenide with gallium on indium's site"),
        "PZT": ("PbTiO3", "lead titanate with zirconium on titanium's site"),
    }
)
"""Hosts, as formulas, of solid solutions and doped compounds by acronym, and what the acronym stands for."""

_ANIONS = {"oxide": ("O", 2), "sulfide": ("S", 2), "selenide": ("Se", 2), "telluride": ("Te", 2), "nitride": ("N", 3),
           "phosphide": ("P", 3), "arsenide": ("As", 3), "antimonide": ("Sb", 3), "fluoride": ("F", 1),
           "chloride": ("Cl", 1), "bromide": ("Br", 1), "iodide": ("I", 1)}  # fmt: skip
"""Symbol and charge of anions by the last word of a name."""
_CATIONS = {
    1: "lithium sodium potassium rubidium caesium cesium silver",
    2: "beryllium magnesium calcium strontium barium zinc cadmium lead nickel",
    3: "boron aluminium aluminum gallium indium scandium yttrium lanthanum bismuth",
}
"""Metals by the one charge that they have, or that is meant where a name states none."""
_ALSO = {"tin telluride": "SnTe", "germanium telluride": "GeTe", "mercury telluride": "HgTe", "nickel nitride": "Ni3N",
         "bismuth antimonide": "", "silver nitride": "", "lead nitride": ""}  # fmt: skip
"""Names of two words whose formula does not follow from the charges; empty for those that no one formula has."""


def _two_word_names() -> Iterator[tuple[str, str]]:
    """``lead chloride`` and its like, each with the formula that balances the charges."""
    for charge, metals in _CATIONS.items():
        for metal in metals.split():
            for word, (anion, taken) in _ANIONS.items():
                units = math.lcm(charge, taken)
                parts = ((ELEMENT_SYMBOLS[metal], units // charge), (anion, units // taken))
                yield f"{metal} {word}", "".join(symbol + ("" if n == 1 else str(n)) for symbol, n in parts)
    yield from _ALSO.items()


TRIVIAL_NAMES: Mapping[str, str] = MappingProxyType(
    {
        **{name: formula for name, formula in dict(_two_word_names()).items() if formula},
        "titanium dioxide": "TiO2",
        "tin dioxide": "SnO2",
        "stannic oxide": "SnO2",
        "silicon dioxide": "SiO2",
        "zirconium dioxide": "ZrO2",
        "hafnium dioxide": "HfO2",
        "hafnium oxide": "HfO2",
        "cerium dioxide": "CeO2",
        "cerium oxide": "CeO2",
        "uranium dioxide": "UO2",
        "vanadium dioxide": "VO2",
        "vanadium pentoxide": "V2O5",
        "niobium pentoxide": "Nb2O5",
        "tungsten trioxide": "WO3",
        "molybdenum trioxide": "MoO3",
        "gallium oxide": "Ga2O3",
        "indium oxide": "In2O3",
        "aluminium oxide": "Al2O3",
        "aluminum oxide": "Al2O3",
        "cuprous oxide": "Cu2O",
        "cupric oxide": "CuO",
        "lithium oxide": "Li2O",
        "silicon carbide": "SiC",
        "boron carbide": "B4C",
        "tungsten carbide": "WC",
        "titanium nitride": "TiN",
        "titanium carbide": "TiC",
        "silicon nitride": "Si3N4",
        "molybdenum disulfide": "MoS2",
        "molybdenum diselenide": "MoSe2",
        "tungsten disulfide": "WS2",
        "tungsten diselenide": "WSe2",
        "iron disulfide": "FeS2",
        "antimony selenide": "Sb2Se3",
        "antimony sulfide": "Sb2S3",
        "bismuth telluride": "Bi2Te3",
        "bismuth selenide": "Bi2Se3",
        "antimony telluride": "Sb2Te3",
        "copper iodide": "CuI",
        "silver iodide": "AgI",
        "silver chloride": "AgCl",
        "sodium chloride": "NaCl",
        "potassium chloride": "KCl",
        "lithium fluoride": "LiF",
        "calcium fluoride": "CaF2",
        "magnesium diboride": "MgB2",
        "barium titanate": "BaTiO3",
        "strontium titanate": "SrTiO3",
        "calcium titanate": "CaTiO3",
        "lead titanate": "PbTiO3",
        "barium zirconate": "BaZrO3",
        "lithium niobate": "LiNbO3",
        "lithium tantalate": "LiTaO3",
        "potassium niobate": "KNbO3",
        "bismuth ferrite": "BiFeO3",
        "bismuth vanadate": "BiVO4",
        "lanthanum aluminate": "LaAlO3",
        "lanthanum manganite": "LaMnO3",
        "lithium cobalt oxide": "LiCoO2",
        "lithium cobaltate": "LiCoO2",
        "lithium nickel oxide": "LiNiO2",
        "lithium iron phosphate": "LiFePO4",
        "lithium titanate": "Li4Ti5O12",
        "cesium lead iodide": "CsPbI3",
        "caesium lead iodide": "CsPbI3",
        "cesium tin iodide": "CsSnI3",
        "caesium tin iodide": "CsSnI3",
        "cesium lead bromide": "CsPbBr3",
        "caesium lead bromide": "CsPbBr3",
    }
)
"""Formulas of compounds by the name that leaves no doubt, in small letters."""


@dataclass(frozen=True, slots=True)
class OrganicIon:
    """An organic cation as papers abbreviate it, and its name."""

    written: str
    name: str


ORGANIC_IONS: tuple[OrganicIon, ...] = (
    OrganicIon(r"CH3NH3", "methylammonium"),
    OrganicIon(r"(?:H?C|CH)\(NH2\)2", "formamidinium"),
    OrganicIon(r"HC\(NH2\)2", "formamidinium"),
    OrganicIon(r"GUA", "guanidinium"),
    OrganicIon(r"DMA", "dimethylammonium"),
    OrganicIon(r"TEA", "tetraethylammonium"),
    OrganicIon(r"AVA", "aminovaleric acid"),
    OrganicIon(r"PEA", "phenethylammonium"),
    OrganicIon(r"MDA", "methylenediammonium"),
    OrganicIon(r"FOE", "pentafluorophenoxyethylammonium"),
    OrganicIon(r"MA", "methylammonium"),
    OrganicIon(r"FA", "formamidinium"),
    OrganicIon(r"EA", "ethylammonium"),
    OrganicIon(r"BA", "butylammonium"),
    OrganicIon(r"GA", "guanidinium"),
)
"""As regular expressions, the longer before those that they begin with."""

_ABBREVIATIONS = (
    "PSC PSCs SC SCs PV PVs VOC JSC FF PCE CV VBM CBM VB CB CBO VBO DOS NPs QDs PC PCs NW NWs HOIP COF COFs MOF MOFs "
    "HEA HEAs SOC SOFC SOFCs NPT NVT NPH NVE NPC PBC PBCs PCBM CIF CNN CNNs GNN GNNs SVR BO BCs KNN PFC FHI VPN ION "
    "CPU CPUs NN NNs SCF UV SI OS OF HF HCP BCC FCC PO NO CO CN OH NH UHF POSCAR USPEX CO2 NaN IP IPs"
)
NO_COMPOUNDS = frozenset(_ABBREVIATIONS.split())
"""What looks like a formula and, in papers, is none."""

CAPITAL_FORMULAS = frozenset(["BN", "BP", "KF", "KI", "WC", "YN", "UN", "VN", "UC"])
"""Formulas of capitals without a digit that are not more often abbreviations of something else."""

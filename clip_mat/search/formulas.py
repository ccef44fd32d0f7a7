"""Formulas as chemists write them - LiMnO2, PbTiO3, TiNiSn, NH3 - where a database sorts by the alphabet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from clip_mat.facts import reduced, write_formula


def _elements(written: str) -> tuple[str, ...]:
    return tuple(re.findall("[A-Z][a-z]?", written))


_ELECTROPOSITIVE = _elements(
    "FrCsKRbBaRaNaSrLiCaAcLaTbYbCePmPrNdSmEuGdDyYHoErTmLuPuAmBkCfCmEsFmHfLrMdNoThMgZrNpScUPaTaTiMnBeNbAlTlVZnCrCd"
    "InGaFeCoCuReTcNiAgSnHgPoBiMoIrOsPdRuPtRhPbWAu"
)
"""Metals by rising electronegativity (Pauling's scale), as intermetallics are written."""
_CATIONS = _elements(
    "FrCsRbKNaLiTlAgRaBaSrCaPbEuAcLaCePrNdPmSmGdTbDyHoErTmYbLuYBiThPaUNpPuAmCmBkCfEsFmMdNoLrBeMgCuCdZnHgNiCoMnFe"
    "InGaAlCrScVSnTiZrHfNbTaMoWTcReRuOsRhIrPdPtAuPo"
)
"""Metals by rising usual charge, the large before the small, as salts and oxides are written: CuFeO2, LaMnO3."""
_NONMETALS = _elements("HeNeArKrXeRnGeSiBSbAsPCNHTeSeSAtIBrClOF")
"""The rest, as IUPAC orders them (Nomenclature of Inorganic Chemistry 2005, table VI)."""
_SALT_FORMERS = frozenset(_elements("OFSClSeBrTeI"))
_OXOACID_FORMERS = frozenset(_elements("CNPAs"))


def conventional_formula(counts: Mapping[str, int]) -> str:
    """The reduced formula with elements in the order in which chemists name them.

    Args:
        counts: Atoms of each element, in any multiple.
    """
    atoms = reduced(counts)
    return write_formula({symbol: atoms[symbol] for symbol in _ordered(atoms)})


def _ordered(symbols: Iterable[str]) -> list[str]:
    present = frozenset(symbols)
    metals = _CATIONS if present & _SALT_FORMERS else _ELECTROPOSITIVE
    if "O" in present and present & _OXOACID_FORMERS:  # acid salts name hydrogen early: KH2PO4, NaHCO3
        metals = (*metals, "H")
    order = (*metals, *_NONMETALS)
    return sorted(present, key=order.index)

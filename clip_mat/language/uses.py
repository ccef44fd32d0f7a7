"""What compounds are wanted for, by the known compounds that serve: words that no formula and no structure explains.

No caption of a crystal says "thermoelectric", since nobody can see that in a crystal; but everybody knows some. So a
use is looked for by likeness to the compounds that textbooks and reviews name for it. They are shown with the answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Use:
    """Something that compounds are good for.

    Attributes:
        name: As people say it.
        pattern: Its wordings.
        examples: Known compounds that serve, each a formula with a symbol of its space group.
        source: Who names them.
    """

    name: str
    pattern: re.Pattern[str]
    examples: tuple[str, ...]
    source: str


def find_uses(text: str) -> Iterator[tuple[int, int, Use]]:
    """Every use that a text names, with its first character and one past its last; none overlap."""
    end = 0
    found = [(match.start(), -match.end(), use) for use in USES for match in use.pattern.finditer(text)]
    for start, behind, use in sorted(found, key=lambda one: one[:2]):
        if start >= end:
            end = -behind
            yield start, end, use


def _use(name: str, wordings: str, examples: str, source: str) -> Use:
    pattern = re.compile(
        rf"(?<![\w-])(?<!not )(?<!not an )(?<!not a )(?:{wordings})(?: (?:materials?|compounds?))?(?![\w-])",
        re.IGNORECASE,
    )
    return Use(name, pattern, tuple(one.strip() for one in examples.split(",")), source)


_LITHIUM, _SODIUM = r"(?:lithium|Li)(?:[- ]?ion)?", r"(?:sodium|Na)(?:[- ]?ion)?"
_BATTERY = r"(?:[- ]batter(?:y|ies))?"
_STUFF = r"(?: materials?)?"
_CATHODE, _ANODE = rf"(?:cathodes?|positive electrodes?){_STUFF}", rf"(?:anodes?|negative electrodes?){_STUFF}"
_FOR_IT = r"(?: (?:for|of|in) (?:an? )?"

USES: tuple[Use, ...] = (
    _use("topological insulator", r"topological insulators?", "Bi2Se3 R-3m, Bi2Te3 R-3m, Sb2Te3 R-3m",
         "Hasan and Kane, Rev. Mod. Phys. 82, 3045 (2010)"),
    _use("Weyl or Dirac semimetal", r"(?:weyl|dirac|topological) (?:semi-?metals?|fermions?)",
         "TaAs I4_1md, NbP I4_1md, Na3Bi P6_3/mmc, Cd3As2 I4_1/acd",
         "Armitage et al., Rev. Mod. Phys. 90, 015001 (2018)"),
    _use("thermoelectric", r"thermo-?electrics?", "Bi2Te3 R-3m, PbTe Fm-3m, CoSb3 Im-3, Mg2Si Fm-3m, SnSe Pnma",
         "Snyder and Toberer, Nat. Mater. 7, 105 (2008); Zhao et al., Nature 508, 373 (2014)"),
    _use("superconductor", r"super-?conduct(?:ors?|ing)",
         "Nb3Sn Pm-3n, MgB2 P6/mmm, YBa2Cu3O7 Pmmm, BaFe2As2 I4/mmm",
         "Yao and Ma, iScience 24, 102541 (2021)"),
    _use("ferroelectric", r"ferro-?electrics?", "BaTiO3 P4mm, PbTiO3 P4mm, KNbO3 Amm2, LiNbO3 R3c",
         "Lines and Glass, Principles and Applications of Ferroelectrics (1977)"),
    _use("piezoelectric", r"piezo-?electrics?", "PbTiO3 P4mm, BaTiO3 P4mm, LiNbO3 R3c, AlN P6_3mc, SiO2 P3_221",
         "de Jong et al., Sci. Data 2, 150053 (2015)"),
    _use("multiferroic", r"multi-?ferroics?|magneto-?electrics?", "BiFeO3 R3c, YMnO3 P6_3cm, TbMnO3 Pnma",
         "Spaldin and Fiebig, Science 309, 391 (2005)"),
    _use("lithium-ion cathode",
         rf"{_LITHIUM}{_BATTERY} {_CATHODE}|{_CATHODE}{_FOR_IT}{_LITHIUM}[- ]batter(?:y|ies))",
         "LiCoO2 R-3m, LiMn2O4 Fd-3m, LiFePO4 Pnma, LiNiO2 R-3m",
         "Goodenough and Kim, Chem. Mater. 22, 587 (2010)"),
    _use("sodium-ion cathode", rf"{_SODIUM}{_BATTERY} {_CATHODE}|{_CATHODE}{_FOR_IT}{_SODIUM}[- ]batter(?:y|ies))",
         "NaFeO2 R-3m, NaCrO2 R-3m, NaMnO2 C2/m, Na3V2P3O12 R-3c",
         "Yabuuchi et al., Chem. Rev. 114, 11636 (2014)"),
    _use("lithium-ion anode", rf"{_LITHIUM}{_BATTERY} {_ANODE}|{_ANODE}{_FOR_IT}{_LITHIUM}[- ]batter(?:y|ies))",
         "carbon P6_3/mmc, Si Fd-3m, Sn I4_1/amd, TiO2 I4_1/amd",
         "Goriparti et al., J. Power Sources 257, 421 (2014)"),
    _use("lithium-ion battery", rf"(?:(?:for|in) )?{_LITHIUM}[- ]batter(?:y|ies)(?: electrodes?)?",
         "LiCoO2 R-3m, LiFePO4 Pnma, LiMn2O4 Fd-3m, Li4Ti5O12 Fd-3m",
         "Goodenough and Park, J. Am. Chem. Soc. 135, 1167 (2013)"),
    _use("lithium solid electrolyte",
         rf"(?:{_LITHIUM} )?(?:solid(?:[- ]state)? electrolytes?)|{_LITHIUM}[- ](?:(?:super)?ionic )?conductors?",
         "Li7La3Zr2O12 I4_1/acd, Li3PS4 Pnma, Li6PS5Cl F-43m, Li10GeP2S12 P4_2/nmc",
         "Manthiram et al., Nat. Rev. Mater. 2, 16103 (2017)"),
    _use("oxide-ion conductor", r"(?:oxide|oxygen)[- ]ion(?:ic)? conductors?|(?:SOFC|fuel[- ]cell) electrolytes?",
         "ZrO2 Fm-3m, CeO2 Fm-3m, LaGaO3 Pnma", "Malavasi et al., Chem. Soc. Rev. 39, 4370 (2010)"),
    _use("transparent conducting oxide", r"transparent (?:conduct(?:ing|ive) oxides?|conductors?|electrodes?)|TCOs?",
         "In2O3 Ia-3, SnO2 P4_2/mnm, ZnO P6_3mc, CdO Fm-3m, CuAlO2 R-3m",
         "Ginley and Bright, MRS Bull. 25, 15 (2000)"),
    _use("solar absorber",
         r"(?:solar(?:[- ]cell)?|photovoltaic|PV) absorbers?|absorbers? for solar cells?|solar cells?|photovoltaics?",
         "GaAs F-43m, CdTe F-43m, CuInSe2 I-42d, Cu2ZnSnS4 I-4, Si Fd-3m",
         "Polman et al., Science 352, aad4424 (2016)"),
    _use("photocatalyst", r"photo-?catalysts?|photo-?catalytic|(?:photo(?:catalytic|electrochemical) )?water splitting",
         "TiO2 I4_1/amd, SrTiO3 Pm-3m, BiVO4 C2/c, CdS P6_3mc, Ta3N5 Cmcm",
         "Kudo and Miseki, Chem. Soc. Rev. 38, 253 (2009)"),
    _use("blue light emitter", r"(?:blue|UV|ultraviolet|white)(?:[- ]light)?[- ](?:emitters?|LEDs?|laser diodes?)",
         "GaN P6_3mc, AlN P6_3mc", "Nakamura, Rev. Mod. Phys. 87, 1139 (2015)"),
    _use("infrared detector", r"(?:infra-?red|IR) (?:photo)?detectors?",
         "HgTe F-43m, CdTe F-43m, InSb F-43m, PbS Fm-3m, PbSe Fm-3m",
         "Rogalski, Infrared Phys. Technol. 43, 187 (2002)"),
    _use("scintillator", r"scintillators?|scintillating",
         "NaI Fm-3m, CsI Pm-3m, LaBr3 P6_3/m, Bi4Ge3O12 I-43d, PbWO4 I4_1/a",
         "Weber, J. Lumin. 100, 35 (2002)"),
    _use("nonlinear optical crystal", r"non-?linear[- ]optical|NLO|second[- ]harmonic(?:[- ]generation)?",
         "LiNbO3 R3c, BaB2O4 R3c, LiB3O5 Pna2_1, KTiPO5 Pna2_1, AgGaS2 I-42d",
         "Nikogosyan, Nonlinear Optical Crystals (2005)"),
    _use("superhard compound", r"super-?hard|ultra-?hard|(?:very |extremely )?hard(?= materials?| compounds?)",
         "carbon Fd-3m, BN F-43m, ReB2 P6_3/mmc, WC P-6m2",
         "Kaner et al., Science 308, 1268 (2005)"),
    _use("hard coating", r"(?:hard|wear[- ]resistant|protective)[- ]coatings?|coatings? for (?:cutting )?tools?",
         "TiN Fm-3m, TiC Fm-3m, TiB2 P6/mmm, WC P-6m2, CrN Fm-3m", "Holleck, J. Vac. Sci. Technol. A 4, 2661 (1986)"),
    _use("ultra-high-temperature ceramic", r"ultra-?high[- ]temperature ceramics?|UHTCs?|refractory ceramics?",
         "HfC Fm-3m, TaC Fm-3m, ZrC Fm-3m, ZrB2 P6/mmm, HfB2 P6/mmm",
         "Fahrenholtz and Hilmas, Scr. Mater. 129, 94 (2017)"),
    _use("thermal barrier coating", r"thermal[- ]barrier(?:[- ]coatings?)?",
         "ZrO2 P4_2/nmc, La2Zr2O7 Fd-3m, Gd2Zr2O7 Fd-3m",
         "Clarke et al., MRS Bull. 37, 891 (2012)"),
    _use("permanent magnet", r"(?:permanent|hard) magnets?",
         "Nd2Fe14B P4_2/mnm, SmCo5 P6/mmm, FePt P4/mmm, BaFe12O19 P6_3/mmc",
         "Coey, IEEE Trans. Magn. 47, 4671 (2011)"),
    _use("ferromagnet", r"ferro-?magnets?|ferro-?magnetic", "Fe Im-3m, Co P6_3/mmc, Ni Fm-3m, EuO Fm-3m, CrO2 P4_2/mnm",
         "Coey, Magnetism and Magnetic Materials (2010)"),
    _use("antiferromagnet", r"anti-?ferro-?magnets?|anti-?ferro-?magnetic",
         "MnO Fm-3m, NiO Fm-3m, Cr2O3 R-3c, MnF2 P4_2/mnm, FeF2 P4_2/mnm",
         "Coey, Magnetism and Magnetic Materials (2010)"),
    _use("magnetic semiconductor", r"(?:ferro-?)?magnetic (?:semiconductors?|insulators?)",
         "EuO Fm-3m, EuS Fm-3m, EuSe Fm-3m, CdCr2Se4 Fd-3m, HgCr2Se4 Fd-3m",
         "Mauger and Godart, Phys. Rep. 141, 51 (1986)"),
    _use("half-metal", r"half[- ]metals?|half-?metallic",
         "CrO2 P4_2/mnm, NiMnSb F-43m, Co2MnSi Fm-3m, Fe3O4 Fd-3m",
         "Katsnelson et al., Rev. Mod. Phys. 80, 315 (2008)"),
    _use("two-dimensional magnet", r"(?:2D|two-dimensional|van der waals) (?:ferro)?magnets?",
         "CrI3 R-3, Fe3GeTe2 P6_3/mmc, CrGeTe3 R-3", "Gibertini et al., Nat. Nanotechnol. 14, 408 (2019)"),
    _use("transition-metal dichalcogenide",
         r"(?:(?:layered|2D|two[- ]dimensional) )?(?:transition[- ]metal dichalcogenides?|TMDC?s?)",
         "MoS2 P6_3/mmc, WSe2 P6_3/mmc, NbSe2 P6_3/mmc, TiS2 P-3m1, WTe2 Pmn2_1",
         "Wilson and Yoffe, Adv. Phys. 18, 193 (1969)"),
    _use("two-dimensional material",
         r"(?:2D|two[- ]dimensional|van der waals|exfoliable) "
         r"(?:materials?|crystals?|compounds?|semiconductors?|layers?)",
         "carbon P6_3/mmc, BN P6_3/mmc, MoS2 P6_3/mmc, NbSe2 P6_3/mmc, WSe2 P6_3/mmc",
         "Novoselov et al., Proc. Natl. Acad. Sci. 102, 10451 (2005)"),
    _use("phase-change memory", r"phase[- ]change (?:memor(?:y|ies)|alloys?)",
         "Ge2Sb2Te5 P-3m1, GeTe R3m, Sb2Te3 R-3m",
         "Wuttig and Yamada, Nat. Mater. 6, 824 (2007)"),
    _use("high-k dielectric", r"high[- ](?:k|κ|kappa) (?:gate )?dielectrics?|gate (?:dielectrics?|oxides?)",
         "HfO2 P2_1/c, ZrO2 P2_1/c, La2O3 P-3m1, Al2O3 R-3c", "Robertson, Rep. Prog. Phys. 69, 327 (2006)"),
    _use("hydrogen storage", r"hydrogen[- ]storage|hydrogen[- ]storing",
         "MgH2 P4_2/mnm, LiBH4 Pnma, NaAlH4 I4_1/a, LaNi5 P6/mmm, TiFe Pm-3m",
         "Schlapbach and Züttel, Nature 414, 353 (2001)"),
    _use("nuclear fuel", r"nuclear fuels?|fission fuels?", "UO2 Fm-3m, UN Fm-3m, UC Fm-3m, U3Si2 P4/mbm",
         "Zinkle et al., J. Nucl. Mater. 448, 374 (2014)"),
    _use("shape-memory alloy", r"shape[- ]memory(?: alloys?)?", "TiNi Pm-3m, CdAu Pm-3m, Ni2MnGa Fm-3m",
         "Otsuka and Wayman, Shape Memory Materials (1998)"),
    _use("superalloy", r"super-?alloys?", "Ni3Al Pm-3m, Ni Fm-3m, Ni3Ti P6_3/mmc", "Reed, The Superalloys (2006)"),
    _use("oxygen-evolution catalyst",
         r"(?:oxygen[- ]evolution|OER) (?:electro)?catalysts?|catalysts? for (?:the )?(?:oxygen evolution|OER)",
         "RuO2 P4_2/mnm, IrO2 P4_2/mnm, Co3O4 Fd-3m", "Seh et al., Science 355, eaad4998 (2017)"),
    _use("hydrogen-evolution catalyst",
         r"(?:hydrogen[- ]evolution|HER) (?:electro)?catalysts?|catalysts? for (?:the )?(?:hydrogen evolution|HER)",
         "Pt Fm-3m, MoS2 P6_3/mmc, Ni2P P-62m, CoP Pnma", "Seh et al., Science 355, eaad4998 (2017)"),
    _use("good conductor of heat",
         r"(?:high(?:est)?|large) thermal conductivity|(?:good )?(?:heat|thermal) conductors?|"
         r"heat (?:sinks?|spreaders?)",
         "carbon Fd-3m, BN F-43m, SiC F-43m, BeO P6_3mc, AlN P6_3mc, BP F-43m",
         "Slack, J. Phys. Chem. Solids 34, 321 (1973)"),
    _use("negative thermal expansion", r"negative thermal expansion",
         "ZrW2O8 P2_13, ScF3 Pm-3m, ReO3 Pm-3m",
         "Lind, Materials 5, 1125 (2012)"),
    _use("spin ice", r"spin[- ]ices?", "Dy2Ti2O7 Fd-3m, Ho2Ti2O7 Fd-3m",
         "Bramwell and Gingras, Science 294, 1495 (2001)"),
)  # fmt: skip
"""All that are known here."""

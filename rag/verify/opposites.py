"""Words of science that contradict one another: what goes up and what goes down, what helps and what harms.

A `Contrast` is two sets of words; any word of one side contradicts any of the other, and words of one side say nearly
the same. Contrasts of one axis compare with each other: "raises" contradicts "lower". The words were collected for
this package.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal

WordClass = Literal["verb", "noun", "adjective", "adverb", "other"]


@dataclass(frozen=True, slots=True)
class Contrast:
    """Two sides that contradict.

    Attributes:
        axis: What they differ in.
        word_class: Verbs and nouns are inflected.
        sides: Words of the one and of the other side, in their basic form.
    """

    axis: str
    word_class: WordClass
    sides: tuple[tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Pole:
    """Where a word stands on an axis.

    Attributes:
        axis: Of its contrast.
        side: 0 or 1.
        contrast: Place in `CONTRASTS`.
        form: Inflection: "" (basic), "s", "ed", "ing".
    """

    axis: str
    side: int
    contrast: int
    form: str


_VERBS = """
amount: increase raise elevate enhance boost augment amplify | decrease reduce lower diminish lessen decrease
amount: grow rise climb expand | shrink decline drop fall fade
amount: maximise | minimise
amount: maximize | minimize
amount: double triple | halve
amount: heighten intensify strengthen reinforce | weaken attenuate dampen soften
amount: exceed surpass outperform outweigh | underperform undershoot
amount: broaden widen | narrow
amount: lengthen elongate extend prolong | shorten curtail
amount: thicken | thin
amount: gain | lose
amount: enrich | deplete
amount: accumulate build | dissipate
amount: overestimate | underestimate
amount: upregulate up-regulate | downregulate down-regulate
amount: upshift | downshift
speed: accelerate hasten speed expedite | decelerate slow retard delay
stability: stabilise | destabilise
stability: stabilize | destabilize
cause: promote facilitate stimulate induce trigger drive favour favor | inhibit suppress prevent hinder impede block
cause: activate | inhibit inactivate deactivate
cause: enable allow permit | prevent prohibit forbid disallow
cause: cause produce generate create | eliminate remove abolish prevent
cause: initiate start begin | terminate stop halt cease
benefit: improve ameliorate upgrade | worsen deteriorate impair degrade
benefit: protect preserve safeguard | harm damage endanger expose
benefit: help assist aid | hinder hamper
benefit: repair heal restore | damage break destroy
benefit: succeed | fail
belief: confirm support corroborate validate verify | refute contradict disprove challenge
belief: accept | reject
belief: agree | disagree
belief: prove | disprove
belief: underline | downplay
presence: include contain comprise incorporate | exclude lack omit
presence: add insert introduce | remove extract subtract
presence: appear emerge | disappear vanish
presence: keep retain maintain | lose discard abandon
presence: require need | obviate
presence: form assemble | decompose dissociate disintegrate
bond: attract | repel
bond: bind attach adsorb | unbind detach desorb
bond: connect couple link | disconnect decouple separate
bond: combine mix merge unite | separate split divide
state: melt | solidify freeze
state: evaporate vaporise | condense
state: dissolve | precipitate
state: heat warm | cool
state: oxidise | reduce
state: oxidize | reduce
state: charge | discharge
state: open | close
state: compress contract | expand stretch
state: crystallise | amorphise
state: crystallize | amorphize
state: hydrate | dehydrate
state: absorb | emit
state: fold | unfold
state: polarise | depolarise
state: polarize | depolarize
state: align order | misalign disorder
state: donate | accept
state: ionise | neutralise
state: swell | deswell
state: methylate | demethylate
state: phosphorylate | dephosphorylate
state: aggregate agglomerate | disperse
"""
_NOUNS = """
amount: increase rise growth gain enhancement elevation | decrease reduction decline drop loss fall
amount: maximum peak | minimum
amount: majority | minority
amount: excess surplus abundance | deficiency shortage scarcity deficit
amount: strength | weakness
amount: expansion | contraction
amount: broadening | narrowing
amount: overestimation | underestimation
amount: upregulation | downregulation
speed: acceleration | deceleration slowing
stability: stability | instability
stability: stabilisation | destabilisation
stability: stabilization | destabilization
cause: activation stimulation promotion | inhibition suppression inactivation
cause: activator agonist | inhibitor antagonist
benefit: improvement | deterioration worsening degradation
benefit: benefit advantage merit | drawback disadvantage shortcoming
benefit: protection resistance | vulnerability susceptibility
benefit: success | failure
benefit: accuracy precision | inaccuracy imprecision
presence: presence | absence lack
presence: formation | decomposition dissociation
presence: addition insertion | removal extraction
presence: survival | death mortality
presence: gain acquisition | loss
bond: attraction | repulsion
bond: adsorption | desorption
state: oxidation | reduction
state: anode | cathode
state: donor | acceptor
state: electron | hole
state: absorption | emission
state: heating | cooling
state: order | disorder
state: symmetry | asymmetry
state: similarity | difference dissimilarity
state: beginning start onset | end
state: input | output
state: tension | compression
state: conductor | insulator
state: metal | insulator
state: cation | anion
state: acid | base
state: vacancy | interstitial
state: solid | liquid
state: melting | freezing
"""
_ADJECTIVES = """
amount: high higher highest elevated increased | low lower lowest reduced decreased
amount: large larger big bigger great greater sizeable considerable substantial | small smaller little minor negligible
amount: more | less fewer
amount: most | least
amount: many numerous | few
amount: largest biggest greatest | smallest
amount: strong stronger intense pronounced | weak weaker faint
amount: strongest | weakest
amount: long longer lengthy | short shorter brief
amount: longest | shortest
amount: thick thicker | thin thinner
amount: wide wider broad broader | narrow narrower
amount: deep deeper | shallow shallower
amount: heavy heavier | light lighter
amount: dense denser | sparse dilute
amount: abundant plentiful | scarce rare
amount: maximal maximum | minimal minimum
amount: major | minor
amount: frequent common | infrequent uncommon rare
amount: sufficient adequate | insufficient inadequate
amount: upper | lower
amount: rich | poor
amount: superior better | inferior worse
amount: best | worst
amount: excessive | deficient
speed: fast faster rapid quick quicker | slow slower sluggish gradual
stability: stable | unstable
certain: metastable | stable
stability: durable robust | fragile brittle
benefit: good favourable favorable beneficial advantageous | bad unfavourable unfavorable detrimental harmful adverse
benefit: effective efficient | ineffective inefficient
benefit: useful | useless
benefit: safe | dangerous hazardous unsafe
benefit: toxic | nontoxic non-toxic
benefit: successful | unsuccessful
benefit: protective resistant | vulnerable susceptible
benefit: accurate precise | inaccurate imprecise
benefit: reliable | unreliable
benefit: healthy | diseased
certain: possible feasible | impossible infeasible
certain: likely probable | unlikely improbable
certain: certain clear | uncertain unclear
certain: necessary essential crucial required | unnecessary dispensable optional
certain: sensitive responsive | insensitive unresponsive
certain: significant | insignificant
certain: important | unimportant
certain: relevant | irrelevant
certain: true correct right | false incorrect wrong
certain: known | unknown
certain: able capable | unable incapable
certain: dependent | independent
certain: related associated | unrelated unassociated
certain: consistent compatible | inconsistent incompatible
certain: reversible | irreversible
certain: similar alike identical | different distinct dissimilar
certain: equal | unequal
certain: homogeneous uniform | heterogeneous nonuniform
certain: continuous | discontinuous discrete
certain: constant fixed | variable varying
certain: simple easy straightforward | complex complicated difficult hard
certain: general universal | specific
certain: direct | indirect
certain: linear | nonlinear non-linear
certain: local | global nonlocal
certain: complete full | incomplete partial
certain: absent | present
certain: available | unavailable
certain: expensive costly | cheap inexpensive
certain: active | inactive
certain: conductive conducting | insulating
certain: periodic | aperiodic
certain: symmetric symmetrical | asymmetric asymmetrical
certain: ordered | disordered
certain: crystalline | amorphous
certain: soluble | insoluble
certain: hydrophilic | hydrophobic
certain: polar | nonpolar non-polar
certain: magnetic | nonmagnetic non-magnetic
certain: ferromagnetic | antiferromagnetic
certain: transparent | opaque
certain: rigid stiff | flexible
certain: ductile | brittle
certain: rough | smooth
certain: porous | nonporous dense
certain: saturated | unsaturated
certain: doped | undoped
certain: charged | neutral uncharged
certain: supervised | unsupervised
certain: endothermic | exothermic
certain: acidic | alkaline basic
certain: wet humid moist | dry
certain: hot hotter warm warmer | cold colder cool cooler
certain: bright brighter | dark darker
certain: positive | negative
certain: internal inner | external outer
certain: intrinsic | extrinsic
certain: front | back rear
certain: horizontal | vertical
certain: parallel | perpendicular antiparallel
certain: static | dynamic
certain: organic | inorganic
certain: radiative | nonradiative non-radiative
certain: acute | chronic
certain: early earlier | late later
certain: old older | young younger
certain: male | female
certain: benign | malignant
certain: mature | immature
certain: visible | invisible
certain: wild-type | mutant
certain: longitudinal | transverse
certain: bound | unbound
certain: empty vacant | occupied filled
certain: n-type | p-type
certain: cis | trans
certain: left | right
certain: odd | even
certain: elastic | inelastic plastic
certain: coherent | incoherent
certain: allowed | forbidden
certain: attractive | repulsive
certain: experimental | theoretical computational
certain: synchronous | asynchronous
certain: finite | infinite
certain: classical | quantum
certain: isotropic | anisotropic
certain: bulk | surface
"""
_ADVERBS = """
amount: highly strongly considerably substantially markedly | slightly weakly marginally barely
amount: significantly | insignificantly
amount: increasingly | decreasingly
amount: upwards upward | downwards downward
amount: above over | below under beneath
speed: quickly rapidly fast | slowly gradually
certain: always invariably | never
certain: often frequently usually commonly | rarely seldom infrequently
certain: mostly mainly | hardly scarcely
certain: directly | indirectly
certain: positively | negatively
certain: linearly | nonlinearly exponentially
certain: before prior | after following
certain: early | late
certain: inside within | outside
certain: with | without
certain: efficiently effectively | inefficiently
certain: simultaneously | sequentially
certain: accurately correctly | inaccurately incorrectly
certain: all every | no none
certain: all | some
certain: only solely | also
certain: despite | because
"""


def _read(lines: str, word_class: WordClass) -> Iterator[Contrast]:
    for line in lines.strip().splitlines():
        axis, _, words = line.partition(": ")
        one, _, other = words.partition(" | ")
        yield Contrast(axis, word_class, (tuple(one.split()), tuple(dict.fromkeys(other.split()))))


CONTRASTS: tuple[Contrast, ...] = (
    *_read(_VERBS, "verb"),
    *_read(_NOUNS, "noun"),
    *_read(_ADJECTIVES, "adjective"),
    *_read(_ADVERBS, "adverb"),
)
"""Every contrast; a word can be in several."""

_IRREGULAR = {
    ("rise", "ed"): "rose",
    ("fall", "ed"): "fell",
    ("grow", "ed"): "grew",
    ("shrink", "ed"): "shrank",
    ("lose", "ed"): "lost",
    ("break", "ed"): "broke",
    ("begin", "ed"): "began",
    ("build", "ed"): "built",
    ("bind", "ed"): "bound",
    ("freeze", "ed"): "froze",
    ("keep", "ed"): "kept",
    ("drive", "ed"): "drove",
    ("forbid", "ed"): "forbade",
    ("split", "ed"): "split",
    ("speed", "ed"): "sped",
    ("undershoot", "ed"): "undershot",
    ("unbind", "ed"): "unbound",
    ("outweigh", "ed"): "outweighed",
}
_DOUBLED = frozenset(["drop", "stop", "permit", "omit", "emit", "begin", "thin", "split", "forbid"])
FORMS = ("", "s", "ed", "ing")


def inflect(word: str, form: str) -> str:
    """A verb in a form: "" (basic), "s", "ed" (simple past) or "ing"; a noun's "s" is its plural.

    Args:
        word: Basic form.
        form: One of `FORMS`.
    """
    if form == "":
        return word
    if (word, form) in _IRREGULAR:
        return _IRREGULAR[word, form]
    if form == "s":
        if word.endswith("y") and word[-2] not in "aeiou":
            return word[:-1] + "ies"
        return word + ("es" if word.endswith(("s", "x", "ch", "sh")) else "s")
    if word in _DOUBLED:
        word += word[-1]
    elif word.endswith("y") and form == "ed" and word[-2] not in "aeiou":
        return word[:-1] + "ied"
    elif word.endswith("e") and not word.endswith("ee"):
        word = word[:-1]
    return word + form


@cache
def poles() -> dict[str, tuple[Pole, ...]]:
    """Where each word of the contrasts, in each of its forms, stands; keys in lower case."""
    found: dict[str, list[Pole]] = {}
    for place, contrast in enumerate(CONTRASTS):
        for side, words in enumerate(contrast.sides):
            for word in words:
                for form in _forms(contrast.word_class):
                    found.setdefault(inflect(word, form), []).append(Pole(contrast.axis, side, place, form))
    for participle, word in {"grown": "grow", "risen": "rise", "fallen": "fall", "broken": "break"}.items():
        found[participle] = [Pole(p.axis, p.side, p.contrast, "ed") for p in found[word]]
    return {word: tuple(places) for word, places in found.items()}


def _forms(word_class: WordClass) -> tuple[str, ...]:
    return FORMS if word_class == "verb" else ("", "s") if word_class == "noun" else ("",)


@lru_cache(maxsize=100_000)
def are_alike(one: str, other: str) -> bool:
    """Whether two words, in any case and form, stand on the same side of a contrast or of a `DIRECTED` axis."""
    return any(
        a.side == b.side and (a.contrast == b.contrast or a.axis == b.axis in DIRECTED)
        for a in poles().get(one.lower(), ())
        for b in poles().get(other.lower(), ())
    )


@lru_cache(maxsize=100_000)
def are_opposites(one: str, other: str) -> bool:
    """Whether two words, in any case and form, contradict each other: of one contrast, or of one `DIRECTED` axis."""
    known = poles()
    for a in known.get(one.lower(), ()):
        for b in known.get(other.lower(), ()):
            if a.side != b.side and (a.contrast == b.contrast or a.axis == b.axis in DIRECTED):
                return True
    return False


_BEFORE_NOUN = re.compile(
    r"\b(?:an?|the|of|this|its|their|our|no|large|small|strong|significant|any|further|with|by) $", re.I
)


def is_used_as(pole: Pole, before: str) -> bool:
    """Whether a word that follows some text can be of the class of a pole: "the increase" is a noun.

    Args:
        pole: What the word could be.
        before: The text in front of it.
    """
    word_class = CONTRASTS[pole.contrast].word_class
    if _BEFORE_NOUN.search(before):
        return word_class in ("noun", "adjective") or (word_class == "verb" and pole.form in ("ed", "ing"))
    return word_class != "noun"


_DEGREES = frozenset(["less", "more", "worse", "better", "fewer"])


def alike(pole: Pole, side: int, word: str) -> list[str]:
    """Words of a side of a pole's contrast in the form of a word: comparatives for a comparative.

    Args:
        pole: Where the word stands.
        side: 0 or 1.
        word: In lower case.
    """
    words = [inflect(other, pole.form) for other in CONTRASTS[pole.contrast].sides[side]]
    degree = "er" if word in _DEGREES else next((end for end in ("est", "er", "ed") if word.endswith(end)), "")
    same = [w for w in words if (w.endswith(degree) if degree else not w.endswith(("er", "est")))]
    if degree == "er":
        same += [w for w in words if w in _DEGREES]
    return [w for w in same if w != word] or [w for w in words if w != word]


DIRECTED = frozenset(["amount", "speed", "stability", "cause", "benefit"])
"""Axes whose contrasts all point the same way, so that they compare with each other."""

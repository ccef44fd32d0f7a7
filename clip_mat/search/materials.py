"""An index of crystals that text searches.

>>> from clip_mat import MaterialsIndex
>>> MaterialsIndex.open().search("rock salt structure", k=3)  # doctest: +SKIP
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice, pairwise
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from clip_mat.cache import CACHE, cache_folder
from clip_mat.crystal import Crystal
from clip_mat.errors import RequestError
from clip_mat.language.formulas import conventional_formula
from clip_mat.search.adding import Adder, IndexReport, Progress, as_crystal
from clip_mat.search.encoding import Encoder
from clip_mat.search.plans import Plan, check_k, plan
from clip_mat.search.records import FORMAT, formula_of, unpack
from clip_mat.search.results import MaterialHit, SearchResult
from clip_mat.structures import Entry
from indexes import Filter, Hit, IndexesError, Manifest, Record, SQLiteStore, StoreDamaged, StoreMissing, StoreReadOnly

if TYPE_CHECKING:
    from ase import Atoms
    from pymatgen.core.structure import Structure

    from clip_mat.picture import Picture
    from clip_mat.search.adding import Source

COLLECTION = "materials"
_FORMULA = "chemical_formula_reduced"
_HULL_STEPS = (-1e9, 0.0, 0.001, 0.01, 0.03, 0.1, 1e9)
"""Energies above the hull in eV/atom between which compounds are read until there are enough of them."""


class MaterialsIndex:
    """Crystals in a store on disk, found by text, by filter and by likeness. Make one with `open`."""

    def __init__(self, store: SQLiteStore, clip: Encoder) -> None:
        self.clip = clip
        self._store = store
        self._records = store.collection(COLLECTION, Manifest(clip.name, clip.fingerprint, clip.dimension, "cosine"))

    @classmethod
    def open(
        cls,
        path: Path | str | None = None,
        clip: Encoder | None = None,
        *,
        create: bool = True,
        read_only: bool = False,
    ) -> Self:
        """Open an index, or make one.

        Args:
            path: Folder of the index. By default the bundled prototypes, indexed at first use into the user's cache.
            clip: The model; by default the one that comes with this package. An index remembers its model and refuses
                another.
            create: Whether a missing index is made.
            read_only: Never write; several readers may look on while one process writes.

        Raises:
            RequestError: If the index is missing, damaged, locked, or was made with another model.
            WeightsError: If the model cannot be loaded.
        """
        if path is None:
            return cls._open_bundled(clip or _default_clip())
        if create:  # a model that cannot be loaded leaves no empty index behind
            clip = clip or _default_clip()
        with _told():
            store = SQLiteStore.open(path, create=create, read_only=read_only)
            try:
                held = store.collections()
                if COLLECTION not in held and not create:
                    raise RequestError(
                        f"{path}: holds no compounds (but {', '.join(held) or 'nothing'}); index some there"
                    )
                return cls(store, clip or _default_clip())
            except BaseException:
                store.close()
                raise

    @classmethod
    def _open_bundled(cls, clip: Encoder) -> Self:
        """The prototypes; what an earlier format, another model or a damage left is made anew."""
        from clip_mat.search.bundled import bundled_entries

        folder = cache_folder() / f"prototypes-{FORMAT}-{clip.fingerprint[:16]}"
        with _told():
            try:
                store = SQLiteStore.open(folder)
            except StoreDamaged:
                shutil.rmtree(folder)
                store = SQLiteStore.open(folder)
            except StoreReadOnly as error:
                raise StoreReadOnly(folder, error.reason, f"name a folder for it with {CACHE}") from error
            try:
                index = cls(store, clip)
                if not len(index):
                    with store.transaction():  # all or none: half a default would stay so
                        index.add(bundled_entries())
                return index
            except BaseException:
                store.close()
                raise

    def add(
        self,
        source: Source | Iterable[Source],
        *,
        progress: Progress | None = None,
    ) -> IndexReport:
        """Take in crystals; what is known by content is left as it is.

        A batch is committed whole or not at all, so that a run that is stopped keeps what it has finished, and the
        next one does the rest.

        Args:
            source: A file, a folder, or ``optimade:PROVIDER?filter=FILTER``, which asks the network; a crystal (also as
                an entry, a pymatgen structure or ASE atoms); or several of all these.
            progress: Told after every batch.

        Raises:
            CrystalError: If the one source given is a file or folder that is not there, or in which there is nothing;
                among several it is listed as skipped.
            RequestError: If it is a provider that gives nothing; or if the index cannot be written.
        """
        with _told():
            return Adder(self._store, self._records, self.clip).add(source, progress)

    def search(self, text: str, k: int = 10, filter: str | None = None) -> SearchResult:
        """The k compounds that fit a text best.

        What a vector cannot hold - numbers, negation, lists of elements - is taken from the text as an OPTIMADE filter,
        which every hit meets; the rest ranks. A use ("thermoelectric") ranks by likeness to known compounds that serve,
        which the result names. The filter is applied before the search: k hits come back whenever k
        compounds meet it. Where none does, none is shown, and the notes say what to do. Where the filter says all
        there is to say, the stable compounds come first.

        Args:
            text: In plain words; may be empty if there is a filter.
            k: How many.
            filter: An OPTIMADE filter in place of the one that is read from the text; "" for none at all, so that the
                vectors alone decide.

        Raises:
            RequestError: If the text is too long, k is negative, there is neither text nor filter, or the filter
                cannot be understood; or if the index is damaged.
        """
        return self.search_many([text], k, filter)[0]

    def search_many(self, texts: Sequence[str], k: int = 10, filter: str | None = None) -> list[SearchResult]:
        """`search` for each of several texts, together: many times faster than one by one."""
        check_k(k)
        plans = [plan(text, filter) for text in texts]
        with _told():
            return [self._result(made, hits) for made, hits in zip(plans, self._find(plans, k), strict=True)]

    def search_by_structure(
        self, structure: Crystal | Structure | Atoms, k: int = 10, filter: str | None = None
    ) -> SearchResult:
        """The k compounds most like a crystal.

        Args:
            structure: A crystal, a pymatgen structure or ASE atoms.
            k: How many.
            filter: An OPTIMADE filter that every hit must meet.

        Raises:
            CrystalError: If it is no ordered periodic crystal.
            RequestError: If k is negative or the filter cannot be understood; or if the index is damaged.
        """
        check_k(k)
        crystal = as_crystal(structure)
        query = f"like {conventional_formula(Counter(crystal.symbols))}"
        made = Plan.of_filter(query, filter or "")
        with _told():
            hits = self._records.vector_search(self.clip.encode_crystals([crystal])[0], k, made.where)
            return self._result(made, [(hit.id, hit.score) for hit in hits])

    def likeness(self, text: str, crystals: Sequence[Crystal]) -> npt.NDArray[np.float32]:
        """How well crystals that need not be in the index fit a text, as `search` ranks; filters left aside.

        Args:
            text: In plain words.
            crystals: n crystals.

        Returns:
            (n,), cosines.

        Raises:
            RequestError: If the text is empty or too long.
        """
        made = plan(text)
        vectors = self._vectors([made if made.text else Plan.of_filter(text, "", text)])[0]
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        best: npt.NDArray[np.float32] = (self.clip.encode_crystals(crystals) @ vectors.T).max(axis=1)
        return best

    def get(self, id: str) -> Crystal:
        """The crystal of an id, as it was given.

        Raises:
            RequestError: If there is none.
        """
        with _told():
            (record,) = self._records.get([id])
            if record is None:
                raise RequestError(
                    f"no compound {id!r} in {self._store.directory}; ids stand in the results of a search"
                )
            return unpack(record.payload)

    def structure(self, id: str) -> Structure:
        """The crystal of an id as a pymatgen structure. Raises as `get`."""
        return self.get(id).to_structure()

    def picture(self, result: Sequence[MaterialHit], most: int = 6) -> Picture:
        """The first hits of a search, drawn.

        Args:
            result: What a search gave.
            most: How many are drawn.

        Raises:
            RequestError: If there is nothing to draw.
        """
        from clip_mat.picture import draw_crystals

        shown = result[:most]
        if not shown:
            raise RequestError("there is nothing to draw: the search has no hits")
        captions = [f"{hit.rank}.  {hit.formula}\n{hit.group}\n{hit.id}" for hit in shown]
        return draw_crystals([self.get(hit.id) for hit in shown], captions)

    def ids(self, filter: str = "") -> list[str]:
        """Ids of all compounds, or of those that meet an OPTIMADE filter, sorted."""
        with _told():
            return self._records.ids(Plan.of_filter("", filter).where)

    def entries(self, filter: str = "") -> list[Entry]:
        """All compounds, or those that meet an OPTIMADE filter, with what is known of them; sorted by id."""
        return self._where(Plan.of_filter("", filter).where)

    def of_formulas(self, formulas: Collection[str]) -> dict[str, list[Crystal]]:
        """The crystals of each of some reduced formulas (``LiMnO2``, elements in alphabetical order), all found in one
        pass; a formula of which there is none is missing."""
        found: dict[str, list[Crystal]] = {}
        with _told():
            for record in self._records.records({_FORMULA: {"$in": sorted(formulas)}}):
                found.setdefault(str(record.metadata[_FORMULA]), []).append(unpack(record.payload))
        return found

    def of_patterns(self, anonymous: Collection[str], max_sites: int) -> list[Entry]:
        """All compounds of some anonymous formulas (``A2BC``) in cells of at most so many atoms, found in one pass.

        They are sorted by id.
        """
        return self._where({"chemical_formula_anonymous": {"$in": sorted(anonymous)}, "nsites": {"$lte": max_sites}})

    def of_cells(self, atoms: Collection[int], spacegroup: int | None = None) -> list[Entry]:
        """All compounds in cells of one of these numbers of atoms, or those of a space group, sorted by id."""
        condition: dict[str, Any] = {"nsites": {"$in": sorted(atoms)}}
        return self._where(condition if spacegroup is None else condition | {"spacegroup": spacegroup})

    def _where(self, condition: Filter | None) -> list[Entry]:
        with _told():
            records = self._records.records(condition)
            return [Entry(record.id, unpack(record.payload), record.metadata) for record in records]

    def __len__(self) -> int:
        with _told():
            return len(self._records)

    def close(self) -> None:
        """Release the store."""
        with _told():
            self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<MaterialsIndex of {len(self):,} compounds in {self._store.directory}>"

    def _find(self, plans: Sequence[Plan], k: int) -> list[list[tuple[str, float]]]:
        """Ids and scores for each plan; those of one filter are searched together."""
        found: list[list[tuple[str, float]]] = [[] for _ in plans]
        groups: dict[str, list[int]] = {}
        for place, made in enumerate(plans):
            if made.text:
                groups.setdefault(made.filter, []).append(place)
            else:
                found[place] = [(id, 0.0) for id in self._most_stable(k, made.where)]
        ranked = [place for places in groups.values() for place in places]
        if not ranked or not k:
            return found
        vectors = dict(zip(ranked, self._vectors([plans[place] for place in ranked]), strict=True))
        for places in groups.values():
            queries = np.concatenate([vectors[place] for place in places])
            results = iter(self._records.vector_search(queries, k, plans[places[0]].where))
            for place in places:
                ranked_here = _best_first(chain.from_iterable(islice(results, len(vectors[place]))))[:k]
                found[place] = self._named_first(plans[place], vectors[place], ranked_here, k)
        return found

    def _named_first(
        self, made: Plan, vectors: npt.NDArray[np.float32], found: list[tuple[str, float]], k: int
    ) -> list[tuple[str, float]]:
        """What is named before what a vector takes for it: Ca2NaTl before CaNa2Tl, spinels before what is like them."""
        first = made.first
        if first is None or not found:
            return found
        where = first if made.where is None else {"$and": [made.where, first]}
        hits = _best_first(chain.from_iterable(self._records.vector_search(vectors, k, where)))
        ids = {id for id, _ in hits}
        return [*hits, *(each for each in found if each[0] not in ids)][:k]

    def _vectors(self, plans: Sequence[Plan]) -> list[npt.NDArray[np.float32]]:
        """What each plan is ranked by, (m, d): the best of its m vectors counts for a compound."""
        texts = [text for made in plans for text in (made.beside, *made.examples) if text]
        encoded = iter(self.clip.encode_text(texts))
        found = []
        for made in plans:
            beside = next(encoded) if made.beside else 0.0
            found.append(np.stack([next(encoded) + beside for _ in made.examples] or [beside]))
        return found

    def _most_stable(self, k: int, where: Filter | None) -> list[str]:
        """Ids in the order of energy above the hull, the unknown last, then by id."""
        found: list[tuple[float, str]] = []
        for low, high in pairwise(_HULL_STEPS):
            step = {"energy_above_hull": {"$gt": low, "$lte": high}}
            records = self._records.records({"$and": [where or {}, step]})
            found += sorted((record.metadata["energy_above_hull"], record.id) for record in records)
            if len(found) >= k:
                return [id for _, id in found[:k]]
        unknown = self._records.ids({"$and": [where or {}, {"energy_above_hull": None}]})
        return [*(id for _, id in found), *unknown][:k]

    def _result(self, made: Plan, found: Sequence[tuple[str, float]]) -> SearchResult:
        records = self._records.get([id for id, _ in found])
        hits = tuple(
            _hit(rank, record, score)
            for rank, (record, (_, score)) in enumerate(zip(records, found, strict=True), 1)
            if record is not None
        )
        notes = (*made.notes, *(self._named(made, hits) if hits else self._why_nothing(made)))
        return SearchResult(made.query, made.filter, made.text, hits, notes, made.examples)

    def _named(self, made: Plan, hits: Sequence[MaterialHit]) -> Iterator[str]:
        """Whether what is named is here, and that it stands first."""
        if made.first is None or not made.text:
            return
        if made.kind is None:
            named, stand = formula_of({_FORMULA: made.formula}), "stands"
            missing = "no compound of this formula here"
        else:
            named, stand = ", ".join(made.kind.words), "such crystals stand"
            missing = f"nothing here has {made.kind.filter}"
        number = self._records.count({"$and": [made.where or {}, made.first]})
        if not number:
            joined = " and" if made.kind else ""
            yield f"{named}: {missing}{f'{joined} meets the filter' if made.filter else ''}"
        elif any(hit.score > one.score for one in hits[:number] for hit in hits[number:]):
            yield f"{named}: {stand} first, being named, though the vector is nearer to others"

    def _why_nothing(self, made: Plan) -> Iterator[str]:
        """Reasons for no hits, and what to do about them."""
        if not len(self._records):
            yield f"the index {self._store.directory} is empty; put crystals in with: clip-mat index SOURCE --out DIR"
            return
        if made.where is None or self._records.count(made.where):
            return  # none were asked for
        yield f"no compound here meets the filter {made.filter}; give a wider one, or none with an empty filter"
        for name in made.properties:
            if not self._records.count({name: {"$ne": None}}):
                yield f"{name} is not known of any compound here"


def _best_first(hits: Iterable[Hit]) -> list[tuple[str, float]]:
    """Ids and scores, each id once, with the best of its scores."""
    best: dict[str, float] = {}
    for hit in hits:
        best[hit.id] = max(hit.score, best.get(hit.id, -1.0))
    return sorted(best.items(), key=lambda item: (-item[1], item[0]))


def _hit(rank: int, record: Record, score: float) -> MaterialHit:
    properties: dict[str, Any] = {name: value for name, value in record.metadata.items() if name != "id"}
    return MaterialHit(rank, record.id, formula_of(record.metadata), properties.get("spacegroup"), score, properties)


def _default_clip() -> Encoder:
    from clip_mat.clip import CrystalClip

    return CrystalClip.load()


@contextmanager
def _told() -> Iterator[None]:
    """The store's errors as this package's own."""
    try:
        yield
    except StoreMissing as error:
        raise RequestError(
            f"{error.directory}: no compounds are indexed there (check the path, or index some there with: "
            f"clip-mat index SOURCE --out {error.directory})"
        ) from error
    except IndexesError as error:
        raise RequestError(str(error)) from error

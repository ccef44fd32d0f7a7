"""How good are the pages that a system finds, do its quotes stand there, and does it know when to be silent?

Everything here takes plain callables, so that any system can be scored, ours or another:

* a *searcher* ``(query, k) -> passages``, best first; a passage names its ``file`` and its ``pages``;
* an *asker* ``question -> answer``; an answer says whether it ``abstained`` and what supports its sentences.

Rates come with 95% percentile-bootstrap intervals over questions.
"""

from __future__ import annotations

from rag.evaluation.answers import AnswerReport, Asker, evaluate_answers
from rag.evaluation.fidelity import FidelityReport, Quote, check_quotes, independent_reader, sample
from rag.evaluation.measures import Estimate, bootstrap, first_hit, ndcg
from rag.evaluation.questions import ContextPool, Question, read_contexts, read_questions
from rag.evaluation.retrieval import RetrievalReport, Searcher, compare, evaluate_retrieval, retrieval_table

__all__ = [
    "AnswerReport",
    "Asker",
    "ContextPool",
    "Estimate",
    "FidelityReport",
    "Question",
    "Quote",
    "RetrievalReport",
    "Searcher",
    "bootstrap",
    "check_quotes",
    "compare",
    "evaluate_answers",
    "evaluate_retrieval",
    "first_hit",
    "independent_reader",
    "ndcg",
    "read_contexts",
    "read_questions",
    "retrieval_table",
    "sample",
]

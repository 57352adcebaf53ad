"""Text generated on the device: a small language model fetched, built at four precisions, opened, timed; its jobs, and who
else could do them (`edgelab.generation.outcomes`)."""

from edgelab.generation.calls import as_json, call_faults, call_key, call_of, call_schema, read_call, tools_of
from edgelab.generation.convert import PRECISIONS, Prepared, build_model, prepare, prepared
from edgelab.generation.endpoint import Endpoint
from edgelab.generation.errors import GeneratorError
from edgelab.generation.facts import invented
from edgelab.generation.keywords import Gazetteer, Keywords
from edgelab.generation.model import Generation, Generator, Step
from edgelab.generation.personal import Personal, load_personal
from edgelab.generation.prompts import CASES, HeldOut, bare_call_case, call_cases, held_out
from edgelab.generation.retrieval import int8_index, int8_similarity, ranks_of_best, similarity, word_similarity
from edgelab.generation.scoring import Outcome, macro_f1, rouge
from edgelab.generation.source import PROVENANCE
from edgelab.generation.texts import Agreement, Case, Text, find_texts, regenerate, write_texts
from edgelab.generation.timing import GeneratorTiming, time_generators
from edgelab.generation.values import amount, clock_time, missing_question, usable
from edgelab.generation.writing import find_all

__all__ = [
    "Agreement",
    "CASES",
    "Case",
    "Endpoint",
    "Gazetteer",
    "Generation",
    "Generator",
    "GeneratorError",
    "GeneratorTiming",
    "HeldOut",
    "Keywords",
    "Outcome",
    "PRECISIONS",
    "PROVENANCE",
    "Personal",
    "Prepared",
    "Step",
    "Text",
    "amount",
    "as_json",
    "bare_call_case",
    "build_model",
    "call_cases",
    "call_faults",
    "call_key",
    "call_of",
    "call_schema",
    "clock_time",
    "find_all",
    "find_texts",
    "held_out",
    "int8_index",
    "int8_similarity",
    "invented",
    "load_personal",
    "macro_f1",
    "missing_question",
    "prepare",
    "prepared",
    "ranks_of_best",
    "read_call",
    "regenerate",
    "rouge",
    "similarity",
    "time_generators",
    "tools_of",
    "usable",
    "word_similarity",
    "write_texts",
]

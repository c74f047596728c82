"""Reads what an exporter answers by the parser of Prometheus's own Python library, and prints it as JSON.

Usage: parse.py URL
"""

import json
import sys
import urllib.request

from prometheus_client.parser import text_string_to_metric_families

with urllib.request.urlopen(sys.argv[1], timeout=30) as answer:
    text = answer.read().decode("utf-8")
    kind = answer.headers["Content-Type"]

families = [
    {
        "name": family.name,
        "type": family.type,
        "samples": [[sample.name, sample.labels, str(sample.value)] for sample in family.samples],
    }
    for family in text_string_to_metric_families(text)
]
print(json.dumps({"contentType": kind, "families": families}))

#!/usr/bin/env python3
"""Makes src/apiserver/data/gateway_crds.json: the CRDs of Gateway API's standard channel, which a
DOKS cluster has from the start. Run by hand (needs PyYAML):

    go mod download sigs.k8s.io/gateway-api@v1.5.1, then presets/gateway_crds.py

Source: config/crd/standard of sigs.k8s.io/gateway-api v1.5.1, Apache-2.0. Descriptions are left out,
to keep it small."""
import json
import pathlib
import subprocess

import yaml

VERSION = "v1.5.1"
CACHE = subprocess.run(["go", "env", "GOMODCACHE"], check=True, capture_output=True, text=True).stdout.strip()
SOURCE = pathlib.Path(CACHE) / f"sigs.k8s.io/gateway-api@{VERSION}/config/crd/standard"


def trimmed(value, names=False):
    """`names`: the keys are fields' names, so that one called description stays."""
    if isinstance(value, list):
        return [trimmed(x) for x in value]
    if not isinstance(value, dict):
        return value
    return {k: trimmed(v, k == "properties" and not names) for k, v in value.items()
            if names or k != "description" or not isinstance(v, str)}


def main():
    items = []
    for path in sorted(SOURCE.glob("*.yaml")):
        for crd in yaml.safe_load_all(path.read_text()):
            if crd and crd["kind"] == "CustomResourceDefinition":
                crd.pop("status", None)
                items.append(trimmed(crd))
    out = pathlib.Path(__file__).parents[1] / "src/apiserver/data/gateway_crds.json"
    lines = ",\n".join(json.dumps(x, separators=(",", ":")) for x in items)
    out.write_text(f'{{"source": "sigs.k8s.io/gateway-api {VERSION}, config/crd/standard (Apache-2.0); '
                   f'made by presets/gateway_crds.py",\n"items": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()

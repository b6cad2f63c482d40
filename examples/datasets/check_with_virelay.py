# Copyright 2026 The zennit4j authors
# SPDX-License-Identifier: Apache-2.0
"""Opens a result of `zennit4j dataset --analysis` with ViRelAy and CoRelAy themselves.

    python3 -m venv venv && venv/bin/pip install virelay==0.6.1 corelay==1.0.0 h5py
    venv/bin/python check_with_virelay.py out
"""
import json
import subprocess
import sys
import time
import urllib.request

import h5py
import numpy

PORT = 8137


def get(path):
    with urllib.request.urlopen(f"http://localhost:{PORT}/api/{path}", timeout=20) as answer:
        return answer.headers.get_content_type(), answer.read()


def get_json(path):
    return json.loads(get(path)[1])


def virelay(folder):
    server = subprocess.Popen(
        [sys.executable, "-m", "virelay", "-p", str(PORT), f"{folder}/project.yaml"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        for _ in range(120):
            try:
                projects = get_json("projects")
                break
            except OSError:
                if server.poll() is not None:
                    raise SystemExit("ViRelAy ended: " + server.stderr.read()[-2000:])
                time.sleep(0.5)
        print("projects:", [project["name"] for project in projects])
        project = get_json("projects/0")
        method = project["analysisMethods"][0]
        print("analysis:", method["name"], "categories:", len(method["categories"]),
              "embeddings:", method["embeddings"], "clusterings:", method["clusterings"])
        category = method["categories"][0]
        name = category if isinstance(category, str) else category["name"]
        analysis = get_json(f"projects/0/analyses/{method['name']}?category={name}"
                            "&clustering=kmeans-03&embedding=spectral")
        points = analysis["embedding"]
        embedding = numpy.array([point["value"] for point in points])
        print("embedding of", analysis["humanReadableCategoryName"], embedding.shape, "clusters:",
              sorted({point["cluster"] for point in points}))
        assert embedding.ndim == 2 and numpy.isfinite(embedding).all()
        index = points[5]["attributionIndex"]
        attribution = get_json(f"projects/0/attributions/{index}")
        print("sample", index, "labels:", attribution["labels"], "outputs:",
              len(attribution["prediction"]))
        for colors in ("black-fire-red", "blue-white-red", "gray-red"):
            kind, picture = get(f"projects/0/attributions/{index}/heatmap?colorMap={colors}")
            assert kind.startswith("image/") and len(picture) > 300, (kind, len(picture))
            print("heatmap in", colors, kind, len(picture), "bytes")
        kind, picture = get(f"projects/0/dataset/{index}/image")
        assert kind.startswith("image/"), kind
        print("picture", kind, len(picture), "bytes")
    finally:
        server.terminate()
        server.wait(20)


def corelay(folder):
    from corelay.pipeline.spectral import SpectralClustering
    with h5py.File(f"{folder}/attribution.h5") as file:
        label = file["label"][:]
        chosen = numpy.flatnonzero(label == numpy.bincount(label[label >= 0]).argmax())
        relevance = file["attribution"][chosen].sum(1)
    relevance = relevance / numpy.abs(relevance).sum((1, 2), keepdims=True)
    pipeline = SpectralClustering()
    # Eigenvalues and eigenvectors come first.
    *_, clusters = pipeline(relevance.reshape(len(chosen), -1))
    print("CoRelAy clusters", len(chosen), "heatmaps:", numpy.bincount(clusters))
    assert clusters.shape == chosen.shape


if __name__ == "__main__":
    virelay(sys.argv[1])
    corelay(sys.argv[1])
    print("all is well")

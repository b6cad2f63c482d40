# Copyright 2026 The zennit4j authors
# SPDX-License-Identifier: Apache-2.0
"""Makes the files beside it: python3 make.py (pyarrow 26.0.1)."""

import pyarrow as pa
import pyarrow.parquet as pq

paths = ["a.png", "b.png", "ü.png"]
numbers = pa.table({"Path": paths, "label": pa.array([3, None, 5], pa.int64()), "deep": [[1], [2, 3], []]})
for compression in ("none", "snappy", "zstd", "gzip"):
    pq.write_table(numbers, f"{compression}.parquet", compression=compression)
# As pandas writes integers with a missing one.
pq.write_table(pa.table({"label": [3.0, None, 5.0], "path": paths}), "floating.parquet")
names = pa.array(["dog", "cat", "dog"]).dictionary_encode()
pq.write_table(pa.table({"path": paths, "label": names}), "names.parquet", data_page_version="2.0")
pq.write_table(pa.table({"file": paths}), "nothing.parquet")

#!/usr/bin/env bash
# Copyright 2026 The zennit4j authors
# SPDX-License-Identifier: Apache-2.0
#
# Explains Fashion-MNIST's 10,000 test pictures: twice in one go, with 1,000 and with all for the memory, and once killed
# with SIGKILL at ten random moments. Then compares the results, data set by data set (python3 with h5py and numpy).
#   examples/datasets/kill_and_resume.sh [t10k-images-idx3-ubyte.gz] [WORK FOLDER]
# Debian has the pictures in the package dataset-fashion-mnist.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
pictures=${1:-/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz}
work=${2:-$(mktemp -d)}
zennit4j=${ZENNIT4J:-$root/bin/zennit4j}
python=${PYTHON:-python3}
memory() { # the largest resident memory in kB, of the command that follows
  "$python" - "$@" <<'PY'
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
PY
}

rm -rf "$work/thousand" "$work/whole" "$work/killed"
model=$root/examples/models/fashion_cnn.pt
run=("$zennit4j" dataset "$pictures" -m "$model" --batch-size 64)
few=$(memory "${run[@]}" --limit 1000 -o "$work/thousand")
all=$(memory "${run[@]}" -o "$work/whole")
echo "resident memory: $few kB for 1,000 samples, $all kB for all, ratio $(awk "BEGIN { printf \"%.3f\", $all / $few }")"

kills=0
while [ "$kills" -lt 10 ] && [ ! -e "$work/killed/dataset.json" ]; do
  "${run[@]}" --resume -o "$work/killed" >/dev/null 2>&1 &
  process=$!
  sleep "$((RANDOM % 4 + 2)).$((RANDOM % 10))"
  # The launcher becomes the JVM, so this is the JVM.
  if kill -KILL "$process" 2>/dev/null; then kills=$((kills + 1)); fi
  wait "$process" 2>/dev/null || true
done
"${run[@]}" --resume -o "$work/killed"
echo "killed $kills times"
"$python" - "$work" <<'PY'
import sys
import h5py, numpy
for name in ("input.h5", "attribution.h5"):
    with h5py.File(f"{sys.argv[1]}/whole/{name}") as whole, h5py.File(f"{sys.argv[1]}/killed/{name}") as killed:
        assert sorted(whole) == sorted(killed)
        for key in whole:
            assert whole[key].dtype == killed[key].dtype
            assert numpy.array_equal(whole[key][:], killed[key][:]), key
            print(name, key, whole[key].shape, "equal")
PY
cmp "$work/whole/table.csv" "$work/killed/table.csv"
echo "all is well"

#!/usr/bin/env bash
# Copyright 2026 The zennit4j authors
# SPDX-License-Identifier: Apache-2.0
#
# Builds the C++ programs into target/cpp; Maven's profile cpp-tests runs it. Where a tool is missing it says so, leaves
# that line in target/skipped.txt and succeeds.
#
#     build.sh LIBTORCH_VERSION    with the native libraries of that version unpacked in target/natives
set -euo pipefail
cd "$(dirname "$0")"
version=${1:?the version of LibTorch}
mkdir -p target
rm -f target/skipped.txt

skip() {
  rm -rf target/cpp
  echo "cpp-tests are skipped: $1" | tee target/skipped.txt
  exit 0
}

has_header() { echo "#include <$1>" | c++ -std=c++17 -E -x c++ - >/dev/null 2>&1; }

missing=()
command -v c++ >/dev/null || missing+=(g++)
command -v make >/dev/null || missing+=(make)
command -v cmake >/dev/null || missing+=(cmake)
has_header gtest/gtest.h || missing+=(libgtest-dev)
has_header nlohmann/json.hpp || missing+=(nlohmann-json3-dev)
python3 -m pip --version >/dev/null 2>&1 || missing+=(python3-pip)
[ "${#missing[@]}" -eq 0 ] || skip "${missing[*]} missing (these are the names of Debian's packages)"

grep -q "^torch==$version " headers.txt || {
  echo "cpp-tests/headers.txt must name the headers of LibTorch $version, which the presets have" >&2
  exit 1
}

headers=${XDG_CACHE_HOME:-$HOME/.cache}/zennit4j/libtorch-$version
if [ ! -d "$headers/torch/include" ]; then
  echo "Fetching LibTorch's headers (146 MB, kept in $headers)"
  mkdir -p "$(dirname "$headers")"
  # Beside the cache, on its file system: moving it there is one rename, which no other build sees half done.
  fetched=$(mktemp -d "$headers.XXXXXX")
  trap 'rm -rf "$fetched"' EXIT
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes \
    --platform manylinux_2_28_aarch64 --implementation cp --python-version 3.11 --abi cp311 \
    --dest "$fetched" --requirement headers.txt
  (cd "$fetched" && cmake -E tar xf torch-*.whl torch/include && rm torch-*.whl)
  # Another build may have been faster: then its headers stay, which it may be reading already.
  mv -T "$fetched" "$headers" 2>/dev/null || [ -d "$headers/torch/include" ] || {
    echo "$headers holds no headers of LibTorch; remove it" >&2
    exit 1
  }
fi

natives=$PWD/target/natives/org/bytedeco
cmake -S . -B target/cpp \
  -DTORCH_INCLUDE="$headers/torch/include" \
  -DTORCH_LIBRARIES_DIR="$natives/pytorch/linux-x86_64" \
  -DBLAS_LIBRARIES_DIR="$natives/openblas/linux-x86_64" >target/cmake.log || { cat target/cmake.log; exit 1; }
cmake --build target/cpp --parallel "$(nproc)"

#!/bin/bash -eu
# Builds every target the OSS-Fuzz way: its compiler, flags and engine are in the environment.
meson setup "$WORK/build" --buildtype=plain -Dfuzz_engine=libfuzzer -Dcurve=disabled \
    -Dtests=disabled -Dbench=disabled -Dwerror=false -Db_lundef=false -Db_pch=false
ninja -C "$WORK/build" fuzz-targets

for target in "$WORK"/build/fuzz/fuzz_*; do
    [ -f "$target" ] && [ -x "$target" ] || continue
    name=$(basename "$target")
    plain=${name#fuzz_}
    cp "$target" "$OUT/"
    cp "fuzz/options/$plain.options" "$OUT/$name.options"
    zip -qj "$OUT/${name}_seed_corpus.zip" "fuzz/corpus/$plain"/*
    [ ! -d "fuzz/regressions/$plain" ] ||
        zip -qj "$OUT/${name}_seed_corpus.zip" "fuzz/regressions/$plain"/*
done
cp fuzz/*.dict "$OUT/"

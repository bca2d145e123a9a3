#!/bin/sh
# make_venv.sh FOLDER [PYTHON]: a virtual environment with pip, from the first Python ≥ 3.11 found.
set -eu
folder=$1
wanted=${2:-}

for python in $wanted python3.13 python3.12 python3.11 python3 \
    /usr/local/bin/python3 /usr/bin/python3 python; do
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue
    rm -rf "$folder"
    if "$python" -m venv "$folder" >/dev/null 2>&1; then exit 0; fi
    # Debian and Ubuntu ship Python without ensurepip; virtualenv brings its own pip.
    rm -rf "$folder"
    for virtualenv in virtualenv "$python -m virtualenv"; do
        if $virtualenv --quiet --python "$python" "$folder" 2>/dev/null; then exit 0; fi
        rm -rf "$folder"
    done
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    echo "$python cannot make a virtual environment. On Debian or Ubuntu: apt install python$version-venv" >&2
    exit 1
done
echo "MLArena needs Python 3.11 or newer, and none is on PATH. (make PYTHON=/path/to/python3 names one.)" >&2
exit 1

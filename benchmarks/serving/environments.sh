#!/usr/bin/env bash
# Makes a virtual environment for each server, for the bare stack and for the harness: `environments.sh DIR [NAME...]`.
# Packages come from pip's configured index, in the versions of `requirements/`; ekiben is built from this checkout and
# installed as users get it, again with every run. The others are brought up to date, so that a second run costs seconds.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
checkout=$(cd "$here/../.." && pwd)
folder=${1:?"say where the environments go"}
shift
mkdir -p "$folder"
begun=$SECONDS

# install NAME REQUIREMENTS... : each is a file of `requirements/` by its name, or the path of a project.
install() {
  local name=$1 arguments=() one
  shift
  for one in "$@"; do
    if [[ $one == /* ]]; then arguments+=("$one"); else arguments+=(--requirement "$here/requirements/$one.txt"); fi
  done
  [[ -x $folder/$name/bin/python ]] || python3 -m venv "$folder/$name"
  echo "[$((SECONDS - begun)) s] $name" >&2
  "$folder/$name/bin/python" -m pip install -qq --disable-pip-version-check "${arguments[@]}"
}

make() {
  case $1 in
    ekiben) install ekiben "$checkout" models minilm ;;
    bentoml) install bentoml bentoml models minilm ;;
    bentoml-tuned) install bentoml-tuned bentoml-tuned models ;;
    litserve) install litserve litserve models ;;
    mosec) install mosec mosec models ;;
    bare) install bare bare models ;;
    harness) install harness harness ;;
    *) echo "there is no environment \`$1\`" >&2; exit 2 ;;
  esac
}

[[ $# -gt 0 ]] || set -- harness bare ekiben mosec litserve bentoml-tuned bentoml
for name in "$@"; do make "$name"; done
echo "[$((SECONDS - begun)) s] all in $folder" >&2

# Sourced by the other scripts: `use_environment NAME REQUIREMENT...` makes or reuses a virtual environment of its own,
# `.venv-NAME`, in the project's folder, with the project installed editable and these pip arguments besides.
use_environment() {
  local name=$1 folder=".venv-$1" stamp wanted
  shift
  stamp="$folder/.installed"
  wanted="$(cat pyproject.toml; echo "$*")"
  if [[ ! -f "$stamp" || "$(cat "$stamp")" != "$wanted" ]]; then
    echo "preparing the environment $folder (once) ..." >&2
    "${PYTHON:-python3}" -m venv --clear "$folder"
    "$folder/bin/python" -m pip install --quiet --upgrade "pip>=25.1"
    "$folder/bin/python" -m pip install --quiet --editable . "$@"
    printf '%s' "$wanted" >"$stamp"
  fi
  PATH="$PWD/$folder/bin:$PATH"
  export PATH
}

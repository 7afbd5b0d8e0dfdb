# Shared by scripts/start and scripts/test: finds Python, keeps .venv. To be sourced by bash.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
venv=$root/.venv
me=scripts/$(basename "$0")

# Say one line and leave as bad usage does.
refuse() {
    echo "$me: $*" >&2
    exit 2
}

# Refuse systems that lack what the supervisor stands on (pidfd, memfd).
check_system() {
    [ "$(uname -s)" = Linux ] || refuse "Tickvisor runs on Linux (5.4 or newer); this is $(uname -s)"
    local release major minor
    release=$(uname -r)
    IFS=. read -r major minor _ <<<"$release"
    minor=${minor%%[!0-9]*}
    if [ "$major" -lt 5 ] || { [ "$major" -eq 5 ] && [ "${minor:-0}" -lt 4 ]; }; then
        refuse "Tickvisor needs Linux 5.4 or newer; this is $release"
    fi
}

# Set `python` to the first Python that is new enough and can make virtual environments.
find_python() {
    local name found version without_venv="" too_old=""
    for name in python3.13 python3.12 python3.11 python3; do
        found=$(command -v "$name") || continue
        version=$("$found" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
        if ! "$found" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
            too_old="$version ($found)"
        elif "$found" -c 'import ensurepip, venv' 2>/dev/null; then
            python=$found
            return
        else
            without_venv=${without_venv:-$version}
        fi
    done
    if [ -n "$without_venv" ]; then
        refuse "Python $without_venv lacks its venv module: apt install python3-venv (or python$without_venv-venv)"
    fi
    refuse "Tickvisor needs Python 3.11 or newer with its venv module; found ${too_old:-none}"
}

# Print what an installation depends on: when it changes, pip runs again.
fingerprint() {
    echo "$root $1"
    "$venv/bin/python" -ISc 'import sys; print(sys.version)' || return
    cat "$root/setup.py" "$root/pyproject.toml"
}

# Succeed when .venv already holds the extras in question.
is_installed() {
    [ -x "$venv/bin/python" ] && [ -f "$venv/.installed-$1" ] &&
        [ "$(fingerprint "$1" 2>/dev/null | sha256sum)" = "$(cat "$venv/.installed-$1")" ]
}

# Succeed when .venv holds them, or more: each of these includes those before it.
is_enough() {
    local level reached=no
    for level in run dev servers; do
        [ "$level" = "$1" ] && reached=yes
        if [ $reached = yes ] && is_installed "$level"; then return; fi
    done
    return 1
}

# Make sure that .venv has Tickvisor with the extras $1: `run` is none, `dev` is all for the tests,
# `servers` the programs of servers that pip has, too.
ensure_venv() {
    check_system
    local want=$1
    is_enough "$want" && return
    (
        flock 9
        is_enough "$want" && exit 0
        install "$want"
    ) 9<"$root" || exit $?
}

install() {
    local want=$1 target=$root
    case $want in
    dev) target="$root[dev]" ;;
    servers) target="$root[dev,servers]" ;;
    esac
    # Scripts in a virtual environment name its folder: one that was moved is made anew.
    if [ "$(cat "$venv/.root" 2>/dev/null || echo "$root")" != "$root" ] ||
        ! "$venv/bin/python" -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        find_python
        echo "$me: making .venv with $python" >&2
        "$python" -m venv --clear "$venv" || exit 1
    fi
    echo "$root" >"$venv/.root"
    echo "$me: installing into .venv (only when something changed; about a minute)" >&2
    if ! "$venv/bin/python" -m pip install -qq --disable-pip-version-check --editable "$target"; then
        echo "$me: the installation failed; pip's reason stands above" >&2
        exit 1
    fi
    # pip compiles what it installs; our own folders are installed in place.
    (cd "$root" && "$venv/bin/python" -m compileall -q supervisor workers lib bot) || true
    fingerprint "$want" | sha256sum >"$venv/.installed-$want"
}

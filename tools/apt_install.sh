#!/usr/bin/env bash
# Installs Debian or Ubuntu packages as root; otherwise prints the one command that does it.
#
#   tools/apt_install.sh WHAT PACKAGE...
#
# WHAT says in words what the packages bring. PACKAGE may list alternatives, best first, as in
# 'libasound2t64|libasound2': the first that apt can install is taken. Exit status: 0 installed,
# 1 installing failed (apt's own output is shown), 2 there is a command to type first.
set -euo pipefail
what=$1
shift

export LC_ALL=C DEBIAN_FRONTEND=noninteractive
say() { printf 'set-up: %s\n' "$*" >&2; }

# Since the change to 64 bit time (Debian 13, Ubuntu 24.04) some packages carry t64 in their name.
has_t64_names() { dpkg-query -W -f '${Package}\n' '*t64' 2>/dev/null | grep -q .; }

# Fills `chosen`; `unknown` gets the choices of which apt knows no installable package.
resolve() {
    local names=() choice name pick
    for choice in "$@"; do
        IFS='|' read -ra alternatives <<<"$choice"
        names+=("${alternatives[@]}")
    done
    local -A known=()
    while IFS= read -r name; do
        known[$name]=1
    done < <(apt-cache policy "${names[@]}" 2>/dev/null |
        awk '/^[^ ]+:$/ { name = substr($1, 1, length($1) - 1) }
             /^  Candidate:/ && $2 != "(none)" { print name }')
    chosen=() unknown=()
    for choice in "$@"; do
        IFS='|' read -ra alternatives <<<"$choice"
        pick=
        for name in "${alternatives[@]}"; do
            if [ -n "${known[$name]:-}" ]; then
                pick=$name
                break
            fi
        done
        if [ -n "$pick" ]; then chosen+=("$pick"); else unknown+=("$choice"); fi
    done
}

resolve "$@"

if [ "$(id -u)" -ne 0 ]; then
    update=
    if [ "${#unknown[@]}" -gt 0 ]; then
        # Package lists that were never fetched know no package at all.
        update='sudo apt-get update && '
        for choice in "${unknown[@]}"; do
            IFS='|' read -ra alternatives <<<"$choice"
            pick=${alternatives[-1]}
            if has_t64_names; then pick=${alternatives[0]}; fi
            chosen+=("$pick")
        done
    fi
    say "this machine lacks $what; type: ${update}sudo apt-get install -y ${chosen[*]}"
    exit 2
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT

refresh() { apt-get update >>"$log" 2>&1; }
install() {
    apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300 \
        "${chosen[@]}" </dev/null >>"$log" 2>&1
}

refreshed=no
if [ "${#unknown[@]}" -gt 0 ]; then
    say "fetching the package lists of apt"
    refresh || true # one dead source must not hide the packages of the others
    refreshed=yes
    resolve "$@"
fi
if [ "${#unknown[@]}" -gt 0 ]; then
    cat "$log" >&2
    say "apt knows no package for $what: ${unknown[*]}"
    exit 1
fi

say "installing $what: ${chosen[*]}"
if ! install; then
    # Old lists name versions that the mirror has dropped since.
    if [ "$refreshed" = yes ] || { refresh || true; ! install; }; then
        cat "$log" >&2
        say "apt-get could not install ${chosen[*]}; its output is above"
        exit 1
    fi
fi

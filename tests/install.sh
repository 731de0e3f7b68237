#!/usr/bin/env bash
# Install the programs that the tests start, where they are missing: Debian's packages, nothing else.
# With words, only those programs: `tests/install.sh wrk` for the measurements.
# pgbench comes with the embedded PostgreSQL, axe-core with a Python package.
set -euo pipefail

declare -A package_of=(
    [chromium]=chromium
    [chromium-headless-shell]=chromium-headless-shell
    [prometheus]=prometheus
    [prometheus-alertmanager]=prometheus-alertmanager
    [Xvfb]=xvfb
    [nagios4]=nagios4-core
    [curl]=curl
    [prosody]=prosody
    [wrk]=wrk
    [smtp-sink]=postfix
)
programs=("$@")
libraries=()
if (($# == 0)); then
    programs=(chromium chromium-headless-shell prometheus prometheus-alertmanager nagios4 curl prosody smtp-sink Xvfb)
    # The native window is tried with Debian's own toolkits: WebKitGTK for the window, Qt for the tray.
    # Calendars are read by libical, which GNOME's and KDE's calendar programs read them with.
    libraries=(python3-gi gir1.2-webkit2-4.1 python3-pyqt6 python3-qtpy gir1.2-ical-3.0)
fi

missing=()
for program in "${programs[@]}"; do
    command -v "$program" >/dev/null || missing+=("${package_of[$program]}")
done
if command -v dpkg >/dev/null; then
    for library in "${libraries[@]}"; do
        dpkg -s "$library" &>/dev/null || missing+=("$library")
    done
fi
((${#missing[@]})) || exit 0

if ((EUID == 0)); then
    as_root=()
elif command -v sudo >/dev/null; then
    as_root=(sudo)
else
    echo "The tests need these packages, and only root can install them: apt-get install ${missing[*]}" >&2
    exit 1
fi

# Debian's packages start their servers when installed, unless this file says no.
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod +x "$policy"
    trap '"${as_root[@]}" rm -f "$policy"' EXIT
fi

echo "Installing ${missing[*]} …"
"${as_root[@]}" apt-get update -qq
if [[ " ${missing[*]} " == *" chromium-headless-shell "* ]] && ! apt-cache show chromium-headless-shell &>/dev/null; then
    missing=("${missing[@]/chromium-headless-shell/chromium}") # other systems have none, and the whole one does as well
fi
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null

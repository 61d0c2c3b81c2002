#!/usr/bin/env bash
# Installs what the tests need beside Python packages, where the machine allows it; says so where not.
set -u
missing=()
command -v chromium >/dev/null 2>&1 || missing+=(chromium)
command -v wrk >/dev/null 2>&1 || missing+=(wrk)
command -v ip >/dev/null 2>&1 || missing+=(iproute2)
command -v iptables >/dev/null 2>&1 || missing+=(iptables)
fc-list 2>/dev/null | grep -q . || missing+=(fonts-dejavu-core)
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null 2>&1; then
  echo "The browser and interception tests and the benchmarks need: ${missing[*]}. Install them with your package manager; without them these tests are skipped."
  exit 0
fi
sudo=""
if [ "$(id -u)" -ne 0 ]; then
  if ! sudo -n true 2>/dev/null; then
    echo "The browser and interception tests and the benchmarks need: sudo apt-get install ${missing[*]}. Without them these tests are skipped."
    exit 0
  fi
  sudo="sudo"
fi
echo "Installing for the browser and interception tests and the benchmarks: ${missing[*]}"
if ! { $sudo apt-get update -qq && $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >/dev/null 2>&1; then
  echo "apt-get could not install ${missing[*]}. Without them the tests that need them are skipped; install them by hand to run those."
fi
exit 0

#!/usr/bin/env bash
# A Python for the tests of deploy-microservices.sh: answers as FAKE_* say and notes in $FAKE_NOTES what it was asked.
version=${0##*python}
case $version in "" | 3) version=${FAKE_DEFAULT_VERSION:-3.11} ;; esac
case $0 in *.venv/bin/python) version=$(cat "${0%/*}/../version") ;; esac

note() { printf '%s\n' "$version: $*" >>"$FAKE_NOTES"; }

case "$*" in
  *print*version_info*) echo "$version" ;;
  *version_info*) [ "${version#*.}" -ge 11 ] ;;
  *"import ensurepip"*) [ "${FAKE_ENSUREPIP:-yes}" = yes ] ;;
  "-m venv --clear --without-pip .venv")
    note "-m venv"
    rm -rf .venv
    mkdir -p .venv/bin
    echo "$version" >.venv/version
    cp "$0" .venv/bin/python
    ;;
  "-m pip --version") [ -e .venv/pip ] ;;
  "-m ensurepip "*)
    note "-m ensurepip"
    touch .venv/pip
    case ${FAKE_PIP:-works} in
      "half killed") kill -KILL $PPID ;;
      "half interrupted") kill -INT $PPID && exit 1 ;;
    esac
    ;;
  "-m pip install "*)
    note "-m pip install"
    case ${FAKE_PIP:-works} in
      offline)
        for _ in {1..40}; do echo "WARNING: Retrying: NewConnectionError: Temporary failure in name resolution"; done
        exit 1
        ;;
      refuses) echo "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES" && exit 1 ;;
      killed) kill -KILL $PPID ;;
      interrupted) kill -INT $PPID && exit 1 ;;
    esac
    ;;
  "-m services.launcher.data_folder"*) exec "$REAL_PYTHON" "$@" ;;
  "-m services serve "*)
    note "$@"
    exec "$REAL_PYTHON" "$FAKE_PLATFORM" "$@"
    ;;
  *)
    note "$@"
    printf '<%s>' "$@"
    printf ' %s\n' "${VALUEVERSE_DATA:-}"
    if [ -n "${FAKE_SHOW:-}" ]; then printf '%s\n' "${!FAKE_SHOW:-}"; fi
    ;;
esac

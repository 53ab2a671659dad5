#!/bin/sh
# An engine for tests of the launcher as a whole: it answers, and a build sleeps until it is stopped (or not, where the
# checkout holds build-at-once). Its folder is the checkout.
here=$(dirname "$(dirname "$0")")
case "$1 $2" in
  "info --format") cat <<'JSON'
{"ServerVersion": "28.2.2", "DockerRootDir": "/", "ClientInfo": {"Version": "28.2.2", "Context": "default",
 "Plugins": [{"Name": "buildx", "Version": "v0.24.0"}, {"Name": "compose", "Version": "2.36.2"}]}}
JSON
    ;;
  "image inspect")
    shift 2
    for reference; do
      case $reference in nlp-workbench-base:pypi*) printf '[{"Id": "sha256:1", "RepoTags": ["%s"]}]' "$reference" ;; esac
    done
    ;;
  "build "*)
    echo $$ >"$here/building"
    [ -e "$here/build-at-once" ] || exec sleep 60
    ;;
  "run "*)
    case "$*" in
      *ssh-keygen*) printf 'ssh-ed25519 AAAA\n-----BEGIN KEY\n' ;;
      *) echo hash ;;
    esac
    ;;
  "ps --all") case "$*" in *quiet*) echo one ;; esac ;;
  "inspect "*) cat <<'JSON'
[{"Id": "one", "Config": {"Labels": {"com.docker.compose.service": "workbench"}},
  "State": {"Status": "running", "Health": {"Status": "healthy"}}},
 {"Id": "two", "Config": {"Labels": {"com.docker.compose.service": "tensorboard"}},
  "State": {"Status": "running", "Health": {"Status": "healthy"}}}]
JSON
    ;;
  "exec "*) echo ssh-ed25519 HOSTKEY ;;
  "--version "*) echo Docker version 28.2.2 ;;
esac

#!/bin/sh
# What a CI job does without Ship to find out whether the version is tagged: REMOTE has the token in it. Its own manner of reading the
# manifest would be `poetry version`, which takes longer than the rest together; here Python's own tomllib reads it.
set -eu
field() { python3 -c 'import sys, tomllib; print(tomllib.load(open("pyproject.toml", "rb"))["tool"]["poetry"][sys.argv[1]])' "$1"; }

git config user.name >/dev/null || git config user.name ci-bot
git config user.email >/dev/null || git config user.email ci-bot@localhost
git config remote.release.url >/dev/null || git remote add release "$REMOTE"

name=$(field name)
version=$(field version)
tag="$name-$version"
if git ls-remote --tags --exit-code release "$tag" >/dev/null; then
	echo "$tag exists"
else
	git tag -a "$tag" -f -m "$tag"
	git push release "$tag"
fi

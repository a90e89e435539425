#!/bin/sh
# Refuses what GitLab refuses for protected tags, in its words. Patterns are in the file protected-tags of the
# repository, one a line, with * for any characters.
set -f
zero=0000000000000000000000000000000000000000
while read -r old new ref; do
	case $ref in
	refs/tags/*) tag=${ref#refs/tags/} ;;
	*) continue ;;
	esac
	while read -r pattern; do
		case $tag in
		$pattern) ;;
		*) continue ;;
		esac
		if [ "$new" = $zero ]; then
			echo "GitLab: You can only delete protected tags using the web interface." >&2
		elif [ "$old" != $zero ]; then
			echo "GitLab: Protected tags cannot be updated." >&2
		else
			echo "GitLab: You are not allowed to create this tag as it is protected." >&2
		fi
		exit 1
	done <protected-tags
done

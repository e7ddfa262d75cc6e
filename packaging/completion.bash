# bash completion of gitfs-actor. What it offers is read from the program's own help, so it fits the program that is there.

# The part of each option's line that names it: "-f, --foreground", "--ref REF".
_gitfs_actor_options() { # PROGRAM COMMAND
  "$1" "$2" --help 2>/dev/null | sed -n '/^ \{2,6\}-/{s/^ *//;s/  .*//;p}'
}

# In the table a path has space, tab and backslash in octal.
_gitfs_actor_mountpoints() {
  awk '$3 ~ /^fuse\.gitfs/ { print $2 }' /proc/self/mounts | while IFS= read -r words; do printf '%b\n' "$words"; done
}

_gitfs_actor() {
  local program=${COMP_WORDS[0]} command=${COMP_WORDS[1]-} current=$2 before=$3 kind words mounts=()
  COMPREPLY=()
  if [ "$COMP_CWORD" = 1 ]; then
    words=$("$program" --help 2>/dev/null | sed -n 's/^  \([a-z]\{2,\}\) .*/\1/p; s/^  -., \(--[a-z]*\).*/\1/p')
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
    return
  fi
  # "--cache-dir=/x" comes as three words.
  [ "$before" = = ] && before=${COMP_WORDS[COMP_CWORD - 2]}
  [ "$current" = = ] && before=${COMP_WORDS[COMP_CWORD - 1]} current=
  kind=
  case $before in
    -*) kind=$(_gitfs_actor_options "$program" "$command" | tr ',' '\n' | sed -n "s/^ *$before \([A-Z]*\).*/\1/p" | head -n 1) ;;
  esac
  case $kind in
    FILE | DIR) mapfile -t COMPREPLY < <(compgen -f -- "$current") && compopt -o filenames 2>/dev/null && return ;;
    LEVEL) mapfile -t COMPREPLY < <(compgen -W "trace debug info warn error off" -- "$current") && return ;;
    OPT)
      words=$("$program" "$command" --help | sed -n '/^Mount options/,/^$/s/^  \([a-z_]*\)=\{0,1\}.*/\1/p')
      local last=${current##*,}
      mapfile -t COMPREPLY < <(compgen -P "${current%"$last"}" -W "$words" -- "$last")
      compopt -o nospace 2>/dev/null
      return
      ;;
    ?*) return ;; # a value that only its user knows
  esac
  if [[ $current == -* ]]; then
    words="--help $(_gitfs_actor_options "$program" "$command" | grep -oE -- '(^|[ ,])-{1,2}[a-zA-Z][a-z-]*' | tr -d ' ,')"
    mapfile -t COMPREPLY < <(compgen -W "$(printf '%s\n' $words | sort -u)" -- "$current")
    return
  fi
  words=
  if [ "$COMP_CWORD" = 2 ]; then # what to do: "cache gc"
    words=$("$program" "$command" --help 2>/dev/null | sed -n "s/^.\{6,7\}gitfs-actor $command \([a-z]\{1,\}\).*/\1/p")
    [ -n "$words" ] && mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current") && return
  fi
  case $command in
    unmount | umount | stats | status | top | refresh) mapfile -t mounts < <(_gitfs_actor_mountpoints) ;;
  esac
  mapfile -t COMPREPLY < <(
    for words in "${mounts[@]}"; do [[ $words == "$current"* ]] && printf '%s\n' "$words"; done
    compgen -f -- "$current"
  )
  compopt -o filenames 2>/dev/null
}

complete -F _gitfs_actor gitfs-actor

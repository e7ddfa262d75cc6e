#compdef gitfs-actor
# zsh completion of gitfs-actor. What it offers is read from the program's own help, so it fits the program that is there.

# Lines "NAME:VALUE:what it does" of a command's options; VALUE is empty for a switch.
_gitfs_actor_options() { # PROGRAM COMMAND
  setopt localoptions extendedglob
  local line left text name
  local -a names
  for line in ${(f)"$($1 $2 --help 2>/dev/null)"}; do
    [[ $line == (#b)([ ](#c2,6))(-*) ]] || continue
    left=${match[2]%%  *}
    text=${${match[2]#$left}##[ ]#}
    names=(${(s:, :)left})
    for name in $names; do
      print -r -- "${name%% *}:${${(M)${names[-1]}% *}# }:${text//:/\\:}"
    done
  done
}

# In the table a path has space, tab and backslash in octal.
_gitfs_actor_mountpoints() {
  local line
  awk '$3 ~ /^fuse\.gitfs/ { print $2 }' /proc/self/mounts | while IFS= read -r line; do printf '%b\n' "$line"; done
}

_gitfs_actor() {
  setopt localoptions extendedglob
  local program=$words[1] line
  local -a found
  if (( CURRENT == 2 )); then
    for line in ${(f)"$($program --help 2>/dev/null)"}; do
      [[ $line == (#b)'  '([a-z](#c2,))' '*'  '(*) ]] && found+=("$match[1]:${match[2]//:/\\:}")
    done
    _describe command found
    return
  fi
  local command=$words[2] before=$words[CURRENT-1]
  local -a options
  options=("${(f)$(_gitfs_actor_options $program $command)}")
  if [[ $before == -* ]]; then
    line=${(M)options:#$before:*}
    case ${${line#*:}%%:*} in
      (FILE|DIR) _files; return ;;
      (LEVEL) compadd trace debug info warn error off; return ;;
      (OPT*)
        for line in ${(f)"$($program $command --help | sed -n '/^Mount options/,/^$/s/^  \([a-z_]*\)=\{0,1\}.*/\1/p')"}; do
          found+=($line)
        done
        _values -s , 'mount option' $found
        return ;;
      (?*) return ;;
    esac
  fi
  if [[ $words[CURRENT] == -* ]]; then
    for line in $options; do
      found+=("${line%%:*}:${line#*:*:}")
    done
    _describe option found
    return
  fi
  if (( CURRENT == 3 )); then
    found=(${(f)"$($program $command --help 2>/dev/null | sed -n "s/^.\{6,7\}gitfs-actor $command \([a-z]\{1,\}\).*/\1/p")"})
    (( $#found )) && compadd -a found && return
  fi
  case $command in
    (unmount|umount|stats|status|top|refresh)
      found=(${(f)"$(_gitfs_actor_mountpoints)"})
      (( $#found )) && compadd -a found
      ;;
  esac
  _files
}

# Loaded as a function by compinit; sourced by its test.
(( $+functions[compdef] )) && [[ $funcstack[1] == _gitfs-actor || $funcstack[1] == _gitfs_actor ]] && _gitfs_actor "$@"

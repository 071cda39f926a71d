# Sourced by the other scripts: from here on compilers, tools, headers and
# libraries are those of the system's packages alone. What Conda, pyenv or a
# home folder puts first (a protoc, a libabsl) would build a mixture that does
# not link, or worse, does.
# shellcheck shell=bash
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
for name in $(compgen -e); do
  case $name in
    CCACHE_* | MODBOUND_* | XDG_*) ;;
    CC | CXX | CPATH | *FLAGS | *_INCLUDE_PATH | *LIBRARY_PATH | LD_RUN_PATH | \
      CMAKE_* | PKG_CONFIG* | *_ROOT | *_DIR | PYTHONHOME | PYTHONPATH)
      unset "$name"
      ;;
  esac
done
unset name

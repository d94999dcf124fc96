. tests/golden/session.sh
# Drivers that the simulator cannot be: libraries that say what a sick machine's would.
[ "$(id -u)" -eq 0 ] || skip "what it says of privilege is said to root"
use() { mkdir -p "$DIR/lib" "$DIR/host"; ln -sf "$BUILD/obj/tests/lib$1.so" "$DIR/lib/libnvidia-ml.so.1"; }
with() { LD_LIBRARY_PATH=$DIR/lib "$@"; }
examine() { t with migctl --hardware doctor --root "$DIR/host" | sed "s/[0-9][0-9]* that migctl/N that migctl/"; }
use sick_nvml
echo '--- a sick GPU'
examine
use lost_nvml
echo '--- a lost GPU'
examine
use bare_nvml
echo '--- a library that lacks nearly everything'
examine

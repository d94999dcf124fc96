# What the cases share: a case reads as a session at a prompt.
#
#	t COMMAND...		the command, what it printed on both streams, and its status unless 0
#	hold NAME DEVICE	read a script from stdin and run it while it holds a device
#	as_nobody COMMAND...	the same as t without privilege
#	needs_no_driver		go on only where no NVIDIA driver is installed
#	skip REASON		end the case: it cannot be tried here

# What is never the same twice: ids of machines, of processes, times.
steady() {
	sed -e 's/[0-9]\{4\}-[0-9][0-9]-[0-9][0-9] [0-9][0-9]:[0-9][0-9]:[0-9][0-9] UTC/TIME/g' \
		-e 's/\("id": "\)[0-9a-f]\{32\}"/\1ID"/' -e 's/(pid [0-9]*)/(pid PID)/g' \
		-e 's/process [0-9][0-9]* /process PID /g'
}

t() {
	shown=
	for word; do
		case $word in
		'' | *[\ \;\$\&\|]*) shown="$shown '$word'" ;;
		*) shown="$shown $word" ;;
		esac
	done
	echo "\$$shown"
	"$@" >"$DIR/printed" 2>&1
	status=$?
	steady <"$DIR/printed"
	[ "$status" -eq 0 ] || echo "[status $status]"
}

hold() {
	{ echo '. tests/golden/session.sh'; cat; } >"$DIR/held.sh"
	echo "--- while a process holds $2 of $1:"
	migctl sim tenant "$1" --device "$2" --memory 6GiB -- sh "$DIR/held.sh"
	echo "--- it has ended"
}

nobody="setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs"

# The folder of the case is made such that anybody can look into it.
as_nobody() {
	if [ "$(id -u)" -ne 0 ]; then
		skip "only root can try it without privilege"
	fi
	chmod a+rx "$DIR/.." "$DIR" "$DIR/sim"
	$nobody migctl --version >"$DIR/printed" 2>&1 ||
		skip "an ordinary user cannot run $(command -v migctl)"
	echo "(as nobody)"
	# shellcheck disable=SC2086 # a list
	t $nobody "$@" | sed "s/^\\\$ $nobody /\$ /"
}

# Where there is a driver the words of a machine without one are other words.
needs_no_driver() {
	if [ -e /proc/driver/nvidia ] || ldconfig -p | grep -q 'libnvidia-ml\.so\.1'; then
		skip "this machine has an NVIDIA driver"
	fi
}

skip() {
	echo "$*" >&2
	exit 77
}

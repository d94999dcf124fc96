# For a simulated machine nothing is written outside its folder: all else is read-only here.
. tests/golden/session.sh
[ "$(id -u)" -eq 0 ] || skip "only root can make everything else read-only"
cat >"$DIR/sealed.sh" <<'EOF'
mount --make-rprivate / && mount --bind "$DIR" "$DIR" || exit 77
# The last path of a line of mountinfo that is below / and not one of the kernel's own.
awk '{ print $5 }' /proc/self/mountinfo | while read -r path; do
	case $path in
	"$DIR"* | /proc | /proc/* | /dev | /dev/* | /sys | /sys/*) ;;
	*) mount -o remount,bind,ro "$path" 2>/dev/null ;;
	esac
done
for folder in / /etc /run /tmp /var/lib; do
	if [ -d $folder ] && touch $folder/migctl-was-here 2>/dev/null; then
		rm $folder/migctl-was-here
		echo "$folder can still be written" >&2
		exit 77
	fi
done
[ $# -eq 0 ] || exit 0
. tests/golden/session.sh
t migctl sim new n --gpus 1xA100-SXM4-80GB,1xH100-SXM5-80GB --seed 1
t migctl --sim n enable --all
t migctl --sim n apply -f examples/partitions.yaml -c all-balanced
t migctl sim exec n -- migctl destroy --all
t migctl sim tenant n --device 0 -- true
t migctl --sim n create -i 0 3g.40gb
t migctl sim tenant n --device 0/2/0 -- migctl --sim n status 0
t migctl --sim n disable --all --destroy
t migctl sim reset n
t migctl sim reboot n
t migctl sim list
echo "--- what there is now"
cd "$DIR" && find home tmp sim | sort
EOF
export DIR
unshare -m sh "$DIR/sealed.sh" try >"$DIR/printed" 2>&1 ||
	skip "what is mounted here cannot be made read-only: $(tail -n 1 "$DIR/printed")"
unshare -m sh "$DIR/sealed.sh"

. tests/golden/session.sh
t migctl sim new n --gpus 1xA100-SXM4-80GB --seed 1
t migctl --sim n enable 0
t migctl --sim n create -i 0 3g.40gb 1g.10gb
mkdir -p "$DIR/host/proc"
id=$(migctl --sim n status --json | sed -n 's/.*"id": "\(.*\)".*/\1/p')
claimer() { # ID PROFILE START OWNER
	background "$BUILD/obj/tests/claimer" "$DIR/sim/n/claims" n "$1" \
		GPU-00510000-e1a2-8e01-9b08-8fca20490448 "$2" "$3" "$4"
}
claimer "$id" 3g.40gb 4 'run chat/0'
# A number of a process that is not seen, or is another user's, is no reason to kill anything.
t migctl --sim n who --root "$DIR/host" 0/2 | unpadded | sed "s|  [^ ]*  claim  instance|  USER  claim  instance|"
mkdir "$DIR/host/proc/$!"
printf 'Name:\tx\nUid:\t0\t%s\t0\t0\n' "$(id -u)" >"$DIR/host/proc/$!/status"
t migctl --sim n who --root "$DIR/host" | unpadded | sed "s|  [^ ]*  claim  instance|  USER  claim  instance|"
t migctl --sim n who --root "$DIR/host" 0/2 --json | unpadded | sed 's/"u\(id\|ser\)": .*/"u\1": OURS,/'
# What is claimed is held: it is not destroyed, and a change keeps it before others.
t migctl --sim n destroy 0/2
printf 'version: v1\nmig-configs:\n  whole:\n  - {devices: all, mig-enabled: true, mig-devices: {7g.80gb: 1}}\n' >"$DIR/whole.yaml"
t migctl --sim n diff -f "$DIR/whole.yaml"
t migctl --sim n apply -f "$DIR/whole.yaml"
# However its owner dies, the claim is void.
kill -KILL $!
wait $! 2>/dev/null
t migctl --sim n who --root "$DIR/host" | unpadded
t ls -A "$DIR/sim/n/claims"
# Claims of what is not there, and of another machine.
claimer "$id" 4g.40gb 0 'run gone/0'
claimer 0123456789abcdef0123456789abcdef 3g.40gb 4 'run other/0'
t migctl --sim n who --root "$DIR/host" | unpadded | sed 's/claim-......:/claim-XXXXXX:/'
t migctl --sim n destroy 0/2 | sed 's/claim-......:/claim-XXXXXX:/'

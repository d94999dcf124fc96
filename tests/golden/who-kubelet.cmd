. tests/golden/session.sh
t migctl sim new n --gpus 2xA100-SXM4-80GB --seed 1
t migctl --sim n enable 0
t migctl --sim n create -i 0 3g.40gb 1g.10gb
mkdir -p "$DIR/host/proc" "$DIR/host/var/lib/kubelet/pod-resources"
socket=$DIR/host/var/lib/kubelet/pod-resources/kubelet.sock
answer() { # HOW [NAMESPACE POD RESOURCE ID]...
	background "$BUILD/obj/tests/pods_server" "$socket" "$@"
}
answer plain team-a chat nvidia.com/mig-3g.40gb MIG-445ac5f8-3b45-59c8-ab61-a51b7e348c5f::1 \
	team-b rank 'gpu.nvidia.com!' gpu-0-mig-1g10gb-19-0 team-b train nvidia.com/gpu GPU-00510000-9c66-88fd-baa7-69df6b3a0c82 \
	team-c lost nvidia.com/mig-1g.10gb MIG-00000000-0000-0000-0000-000000000000
t migctl --sim n who --root "$DIR/host"
t migctl --sim n who --root "$DIR/host" 0/2 --json
answer refused
t migctl --sim n who --root "$DIR/host" 1
answer garbage
t migctl --sim n who --root "$DIR/host" 1 --json | grep -A 5 unknowns
rm "$socket"
: >"$socket"
t migctl --sim n who --root "$DIR/host" 1

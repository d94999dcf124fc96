. tests/golden/session.sh
t migctl sim new n --gpus 1xA100-SXM4-80GB --seed 1 --strict
t migctl --sim n enable 0
t migctl --sim n create -i 0 3g.40gb 1g.10gb
hold n 0/2/0 <<'EOF'
as_nobody migctl --sim n who | unpadded
EOF
# kubelet's socket is root's.
mkdir -p "$DIR/host/proc" "$DIR/host/var/lib/kubelet/pod-resources"
background "$BUILD/obj/tests/pods_server" "$DIR/host/var/lib/kubelet/pod-resources/kubelet.sock" plain
as_nobody migctl --sim n who --root "$DIR/host"
chmod 700 "$DIR/host/var/lib/kubelet"
as_nobody migctl --sim n who --root "$DIR/host"

. tests/golden/session.sh
# Another user's open files are hidden from an ordinary one; who-unprivileged shows what that looks like.
[ "$(id -u)" -eq 0 ] || skip "only root sees what every process has open"
t migctl sim new n --gpus 1xA100-SXM4-80GB,1xH100-SXM5-80GB --seed 1
hold n 1 <<'EOF'
t migctl --sim n who | unpadded
EOF
t migctl --sim n enable --all
t migctl --sim n create -i 0 3g.40gb
t migctl --sim n create -i 1 2x1c.3g.40gb
hold n 1/2/1 <<'EOF'
t migctl --sim n who | unpadded
t migctl --sim n who 1/2/0 | unpadded
t migctl --sim n who 1 --json | unpadded
EOF
t migctl --sim n who 1
# A daemon of this host is not the machine's, unless the machine stands in this host's places.
cp /bin/sleep "$DIR/nvidia-persistenced"
"$DIR/nvidia-persistenced" 60 &
daemon=$!
t migctl --sim n who | grep -c persistenced
unshare -m true 2>/dev/null || skip "mount namespaces are forbidden here"
migctl sim exec n --root --keep-proc -- migctl who 2>/dev/null | unpadded | grep "pid $daemon" |
	sed 's/(pid [0-9]*)/(pid PID)/'
kill $daemon
# Slurm is asked where it is set up, and not being able to is no "nobody".
SLURM_CONF="$DIR/slurm.conf" migctl sim exec n --root --keep-proc -- migctl who 2>/dev/null | sed -n 's/\(^unknown: allocations of Slurm:\) ..*/\1 WHY/p'
SLURM_CONF="$DIR/slurm.conf" t migctl --sim n who 0

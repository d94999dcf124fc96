. tests/golden/session.sh
# A check's line and what helps.
look() { "$@" 2>&1 | steady | sed "s/[0-9][0-9]* that migctl/N that migctl/" | grep -A 1 -E '^(WARN|FAIL|UNKNOWN|[0-9]+ checks)|^migctl:' | grep -vE '^(PASS|--|$)'; }
t migctl sim new n --gpus 2xA100-SXM4-80GB --seed 1
t migctl --sim n enable 0
t migctl --sim n create -i 0 3g.40gb 1g.10gb
t migctl --sim n destroy --keep-gi 0/2/0
echo '--- one GPU of two is cut, and an instance is empty'
look migctl --sim n doctor
echo '--- a switch waits for the process that holds the GPU; daemons hold it too'
root=$(migctl sim tree n)
cp -a "$root" "$DIR/host"
n=100
for name in nvidia-persiste nv-hostengine nv-fabricmanage slurmd sh; do
	mkdir -p "$DIR/host/proc/$n"
	echo "$name" >"$DIR/host/proc/$n/comm"
	n=$((n + 1))
done
look migctl --sim n doctor --root "$DIR/host"
export MIGCTL_SIM=n
cat >"$DIR/held.sh" <<'EOF'
migctl enable 1 >/dev/null 2>&1
migctl doctor --root "$DIR/host"
echo "[status $?]"
EOF
migctl sim tenant n --device GPU:1 --memory 1GiB -- sh "$DIR/held.sh" >"$DIR/held" 2>&1
grep -E -A 1 '^(FAIL|migctl|\[)' "$DIR/held" | grep -vE '^(PASS|WARN|--|$)' | steady
unset MIGCTL_SIM
echo '--- a process on a whole GPU'
t migctl sim new w --gpus 1xH100-SXM5-80GB --seed 1
migctl sim tenant w --device GPU:0 --memory 1GiB -- migctl --sim w doctor | grep -A 1 whole-gpu | steady
echo '--- an old driver'
t migctl sim new old --gpus 1xA100-SXM4-40GB --seed 1 --driver 450.80.02
look migctl --sim old doctor
echo '--- without privilege'
t migctl sim new s --gpus 1xA100-SXM4-40GB --seed 1 --strict
t migctl --sim s enable 0
t migctl --sim s create -i 0 3g.20gb
as_nobody migctl --sim s doctor | grep -A 1 -E '^(WARN|FAIL|UNKNOWN)' | grep -vE '^(PASS|--)'
echo '--- a GPU that fell off the bus'
t migctl sim lost n 1
look migctl --sim n doctor
t migctl sim lost n 1 --back
echo '--- more than a line holds'
t migctl sim new many --gpus 32xA30 --seed 1
t migctl sim fault many 'nvmlDeviceGetCurrentClocksEventReasons@reasons=2'
migctl --sim many doctor | grep ' clocks ' | tail -c 60
echo '--- clocks: locked, hot, braked'
for reasons in 2 64 8 98; do
	t migctl sim fault n "nvmlDeviceGetCurrentClocksEventReasons@reasons=$reasons"
	migctl --sim n doctor 2>&1 | grep -A 1 ' clocks '
	migctl sim fault n --clear >/dev/null 2>&1
done

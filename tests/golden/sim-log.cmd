. tests/golden/session.sh
no_times() {
	sed -e 's/20[0-9-]*T[0-9:.]*Z/TIME/g' \
		-e 's/^\(TIME  *\)[0-9][0-9]*/\1PID/' -e 's/^TIME  *PID  */TIME  PID  /'
}
migctl sim new n --gpus 1xA100-SXM4-80GB --seed 1 >/dev/null 2>&1
t migctl sim log n
t migctl sim log absent
migctl --sim n enable 0 >/dev/null 2>&1
migctl --sim n create -i 0 3g.40gb >/dev/null 2>&1
migctl sim fault n 'nvmlComputeInstanceDestroy#1=TIMEOUT' >/dev/null 2>&1
migctl --sim n destroy 0/2 >/dev/null 2>&1
t migctl sim log n | no_times
t migctl sim log n --json | no_times
# A process may be called anything.
odd=$DIR/$(printf 'a b\t\033[31m\233\377')
ln -s "$(command -v migctl)" "$odd"
"$odd" --sim n destroy --all >/dev/null 2>&1
migctl sim log n | tail -n 1 | awk '{ print $3 }'

# needs /bin/bash
. tests/golden/session.sh
migctl sim new n --gpus 1xA30 2>/dev/null >/dev/null
migctl --completion >"$DIR/migctl.bash"
cat >"$DIR/complete.sh" <<'EOF'
. "$DIR/migctl.bash"
words() {
	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
	_migctl
	echo "$* => ${COMPREPLY[*]}"
}
words migctl ''
words migctl st
words migctl sim ''
words migctl sim re
words migctl sim rm ''
words migctl --sim ''
words migctl --sim n create --
words migctl fit --gpu-type RTX-PRO-6
words migctl apply -f ''
words migctl apply -f x -c y --d
words migctl sim exec n -- ''
EOF
bash "$DIR/complete.sh"

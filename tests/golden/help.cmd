. tests/golden/session.sh
t migctl
t migctl --help
t migctl help status
t migctl sim --help
t migctl sim
t migctl sim nwe
t migctl stauts
t migctl dest
t migctl frob
t migctl --version

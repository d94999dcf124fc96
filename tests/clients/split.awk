# A transcript, a command a file: NNN.args, NNN.nvml (what NVML answered, empty: all well),
# NNN.part and NNN.want, in the folder `into`.
/^#/ && !n { next }
/^--- / { part = substr($0, 5); next }
/^\$ nvidia-smi/ {
	file = sprintf("%s/%03d", into, ++n)
	at = index($0, "\t# NVML: ")
	print at ? substr($0, at + 9) : "" > (file ".nvml")
	print substr($0, 13, at ? at - 13 : length($0)) > (file ".args")
	print part > (file ".part")
	next
}
{ print > (file ".want") }

# Reads Meson's testlog.txt: "ok NAME (N cases)", "FAILED NAME (how)" or "skip NAME: why" a test.
#
# A case is what cmocka or tests/test.h says went well. A test that skips itself ends with 77,
# and its last line says why.
/^=+ [0-9]+\/[0-9]+ =+$/ { report(); in_head = 1; next }
/^=+$/ && !in_head { report(); next }
in_head && /^test: / { name = $NF }
in_head && /^result: / { sub(/^result: +/, ""); result = $0 }
in_head && /^command: / { in_head = 0; next }
/^-+ std(out|err) -+$/ { next }
!in_head && name != "" {
	if (/^\[       OK \] / || /^ok /) cases++
	if (NF) last = $0
}
END { report() }

function report() {
	if (name != "") {
		if (result == "exit status 0")
			print "ok " name (cases ? " (" cases " cases)" : "")
		else if (result == "exit status 77")
			print "skip " name ": " (last == "" ? "it does not say why" : last)
		else
			print "FAILED " name " (" result ")"
	}
	name = result = last = ""
	cases = in_head = 0
}

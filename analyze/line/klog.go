package line

import "bytes"

// isKlog recognises the header of klog and glog: "E0930 16:12:35.980371 ".
func isKlog(b []byte) bool {
	if len(b) < len("E0930 16:12:35.980371") {
		return false
	}
	switch b[0] {
	case 'I', 'W', 'E', 'F':
		return isDigit(b[1]) && isDigit(b[4]) && b[5] == ' ' && b[8] == ':' && b[14] == '.'
	}
	return false
}

// parseKlog reads a line of k8s.io/klog. The header has neither year nor zone;
// the structured form quotes the message and adds key/values:
//
//	E0930 16:12:35.980371    1028 file.go:348] text
//	I0930 16:12:35.980371    1028 file.go:348] "text" pod="ns/name" err="a \"b\""
func parseKlog(b []byte) Entry {
	e := Entry{Format: "klog", Level: levelWord(b[:1])}
	rest := b[bytes.IndexByte(b, ':'):] // hh:mm
	rest = bytes.TrimLeft(afterWord(rest), " ")
	header, text, ok := bytes.Cut(rest, []byte("]"))
	if !ok {
		e.Msg = string(rest)
		return e
	}
	pid, file, _ := bytes.Cut(header, []byte{' '})
	if allDigits(pid) {
		e.PID = number(pid)
		e.Fields = append(e.Fields, Field{Key: "file", Value: string(file)})
	}
	text = bytes.TrimPrefix(text, []byte{' '})
	if len(text) > 1 && text[0] == '"' {
		msg, after := quoted(text)
		e.Msg = Unescape(msg)
		e.Fields = append(e.Fields, pairs(after)...)
		return e
	}
	e.Msg = string(text)
	return e
}

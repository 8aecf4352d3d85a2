package line

import "bytes"

var newline = []byte{'\n'}

// Block is lines that follow one another, for those who look into few of them.
type Block struct {
	// No and Offset are those of the first line.
	No     int
	Offset int64
	// Text is the lines with their newlines; a line on its own, as Next returns it, has
	// none. It is valid until the next call of the Reader.
	Text []byte
	// Lines is their number.
	Lines int
	// Cut and Open are those of a line on its own.
	Cut, Open bool
}

// Take takes off all lines up to the one in which the byte Text[at] stands, its newline
// included, and returns that one.
func (b *Block) Take(at int) Line {
	start := bytes.LastIndexByte(b.Text[:at], '\n') + 1
	before := bytes.Count(b.Text[:start], newline)
	l := Line{No: b.No + before, Offset: b.Offset + int64(start), Cut: b.Cut, Open: b.Open}
	end, next := len(b.Text), len(b.Text)
	if i := bytes.IndexByte(b.Text[at:], '\n'); i >= 0 {
		end, next = at+i, at+i+1
	}
	l.Text = b.Text[start:end:end]
	if next > end {
		l.Text = bytes.TrimSuffix(l.Text, []byte{'\r'})
	}
	b.No += before + 1
	b.Lines -= before + 1
	b.Offset += int64(next)
	b.Text = b.Text[next:]
	return l
}

// Last is the last line; it stays in the block. The block is not empty.
func (b *Block) Last() Line {
	rest := *b
	return rest.Take(len(b.Text) - 1)
}

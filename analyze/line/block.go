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
	l, next := b.line(start, before)
	b.No += before + 1
	b.Lines -= before + 1
	b.Offset += int64(next)
	b.Text = b.Text[next:]
	return l
}

// Last is the last line; it stays in the block. The block is not empty.
func (b *Block) Last() Line {
	l, _ := b.line(bytes.LastIndexByte(b.Text[:max(0, len(b.Text)-1)], '\n')+1, b.Lines-1)
	return l
}

// line is the line that begins at start, behind so many others, and where the next begins.
func (b *Block) line(start, before int) (l Line, next int) {
	l = Line{No: b.No + before, Offset: b.Offset + int64(start), Cut: b.Cut, Open: b.Open}
	i := bytes.IndexByte(b.Text[start:], '\n')
	if i < 0 {
		l.Text = b.Text[start:len(b.Text):len(b.Text)]
		return l, len(b.Text)
	}
	end := start + i
	l.Text = bytes.TrimSuffix(b.Text[start:end:end], []byte{'\r'})
	return l, end + 1
}

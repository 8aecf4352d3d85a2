package bundle

import (
	"errors"
	"hash/crc32"
	"io"
	"unicode/utf16"
)

// szHeader is what the header of a 7z says (7zFormat.txt of the 7-Zip sources).
//
//	signature header   magic 6  version 2  crc 4 of what follows  header: at 8, behind this; size 8; crc 4
//	header             01  [02 properties]  [04 streams]  [05 files]  00
//	or, packed         17  streams                              ; of one block: the header
//	streams            [06 packed]  [07 blocks]  [08 streams of blocks]  00
//	files              count  ( property 1  size  ... )*  00
//
// Every number has 1 to 9 bytes.
type szHeader struct {
	blocks  []*szBlock
	streams []szStream
	files   []szFile
}

// szBlock is a 7z folder: packed content and how it was packed.
type szBlock struct {
	method     string
	properties []byte
	encrypted  bool
	at, packed int64 // in the file
	size       int64
	stated     stated
	inputs     int
	outputs    int
	mainOutput int
}

// szStream is the content of one member in a block.
type szStream struct {
	stated
	block *szBlock
}

type szFile struct {
	name      string
	mode      uint32 // st_mode, 0 where none is stated
	hasStream bool
	empty     bool // a file without content, and no folder
}

const (
	szSignatureBytes = 32
	// maxNesting is how often a header may be packed: 7-Zip does it once.
	maxNesting = 4
	// maxCoders is 7-Zip's own limit of methods in a block.
	maxCoders = 32
)

// Ids of the header's parts.
const (
	szEnd = iota
	szHeaderID
	szArchiveProperties
	szAdditionalStreams
	szMainStreams
	szFilesInfo
	szPackInfo
	szBlocksInfo
	szSubStreams
	szSize
	szCRC
	szFolders
	szUnpackSizes
	szCounts
	szEmptyStream
	szEmptyFile
	szAnti
	szNames
	szCreated
	szAccessed
	szModified
	szAttributes
	szComment
	szPackedHeader
)

// readSevenZip reads the header of a 7z with at most limit files.
func readSevenZip(c *coders, r io.ReaderAt, size int64, limit int) (*szHeader, error) {
	var sig [szSignatureBytes]byte
	if _, err := r.ReadAt(sig[:], 0); err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	if crc32.ChecksumIEEE(sig[12:]) != le32(sig[8:]) {
		return nil, errChecksum
	}
	at, length, sum := le64(sig[12:]), le64(sig[20:]), le32(sig[28:])
	switch {
	case length == 0:
		return &szHeader{}, nil
	case at > uint64(size) || length > uint64(size)-at || at+length > uint64(size)-szSignatureBytes:
		return nil, errors.New("it is cut: its directory, at the end, is missing")
	case length > maxDirectory:
		return nil, errDirectory
	}
	raw := make([]byte, length)
	if _, err := r.ReadAt(raw, szSignatureBytes+int64(at)); err != nil {
		return nil, err
	}
	for range maxNesting {
		if crc32.ChecksumIEEE(raw) != sum {
			return nil, errChecksum
		}
		p := szParser{b: raw, limit: limit}
		id := p.byte()
		if id == szHeaderID {
			h := p.header()
			return h, p.err
		}
		if id != szPackedHeader {
			return nil, errBroken
		}
		h := &szHeader{}
		p.streams(h)
		if p.err != nil {
			return nil, p.err
		}
		if len(h.blocks) != 1 {
			return nil, errBroken
		}
		b := h.blocks[0]
		if b.size > maxDirectory {
			return nil, errDirectory
		}
		src, err := c.ofSevenZip(b, r)
		if err != nil {
			return nil, err
		}
		if raw, err = io.ReadAll(src); err != nil {
			return nil, err
		}
		if sum = b.stated.crc; !b.stated.hasCRC {
			sum = crc32.ChecksumIEEE(raw)
		}
	}
	return nil, errBroken
}

var (
	errBroken    = errors.New("broken header")
	errDirectory = errors.New("its directory is larger than the limit")
)

func (p *szParser) header() *szHeader {
	h := &szHeader{}
	id := p.byte()
	if id == szArchiveProperties {
		for p.byte() != szEnd && p.err == nil {
			p.take(p.number())
		}
		id = p.byte()
	}
	if id == szAdditionalStreams {
		p.streams(&szHeader{})
		id = p.byte()
	}
	if id == szMainStreams {
		p.streams(h)
		id = p.byte()
	}
	if id == szFilesInfo {
		p.files(h)
		id = p.byte()
	}
	if id != szEnd {
		p.fail(errBroken)
	}
	return h
}

func (p *szParser) streams(h *szHeader) {
	var packs []int64
	at := int64(0)
	id := p.byte()
	if id == szPackInfo {
		at, packs = p.packed()
		id = p.byte()
	}
	if id == szBlocksInfo {
		p.blocks(h)
		id = p.byte()
	}
	if p.err != nil {
		return
	}
	for _, b := range h.blocks {
		if b.inputs > len(packs) {
			p.fail(errBroken)
			return
		}
		b.at = szSignatureBytes + at
		for _, n := range packs[:b.inputs] {
			at += n
		}
		b.packed = packs[0]
		packs = packs[b.inputs:]
	}
	if id == szSubStreams {
		p.subStreams(h)
		id = p.byte()
	} else {
		for _, b := range h.blocks {
			h.streams = append(h.streams, szStream{b.stated, b})
		}
	}
	if id != szEnd {
		p.fail(errBroken)
	}
}

// packed reads the sizes of what is packed.
func (p *szParser) packed() (at int64, sizes []int64) {
	at = p.size()
	n := p.count()
	for id := p.byte(); id != szEnd && p.err == nil; id = p.byte() {
		switch id {
		case szSize:
			for i := 0; i < n && p.err == nil; i++ {
				sizes = append(sizes, p.size())
			}
		case szCRC:
			p.sums(n)
		default:
			p.fail(errBroken)
		}
	}
	return at, sizes
}

// sums reads the CRCs of n things.
func (p *szParser) sums(n int) []stated {
	var sums []stated
	for _, has := range p.defined(n) {
		s := stated{hasCRC: has}
		if has {
			s.crc = p.uint32()
		}
		sums = append(sums, s)
	}
	return sums
}

func (p *szParser) blocks(h *szHeader) {
	if p.byte() != szFolders {
		p.fail(errBroken)
	}
	n := p.count()
	if p.byte() != 0 { // external
		p.fail(errBroken)
	}
	for i := 0; i < n && p.err == nil; i++ {
		h.blocks = append(h.blocks, p.block())
	}
	if p.byte() != szUnpackSizes {
		p.fail(errBroken)
	}
	for _, b := range h.blocks {
		for i := range b.outputs {
			if size := p.size(); i == b.mainOutput {
				b.size = size
			}
		}
		b.stated = stated{size: b.size}
	}
	id := p.byte()
	if id == szCRC {
		for i, s := range p.sums(len(h.blocks)) {
			h.blocks[i].stated.crc, h.blocks[i].stated.hasCRC = s.crc, s.hasCRC
		}
		id = p.byte()
	}
	if id != szEnd {
		p.fail(errBroken)
	}
}

// block reads the methods of a block. One method alone is kept; of more, which
// filter code or encrypt, the names.
func (p *szParser) block() *szBlock {
	b := &szBlock{}
	n := p.count()
	if n == 0 || n > maxCoders {
		p.fail(errBroken)
		return b
	}
	for range n {
		flags := p.byte()
		method := string(p.take(uint64(flags & 15)))
		in, out := 1, 1
		if flags&0x10 != 0 {
			in, out = p.count(), p.count()
		}
		if flags&0x20 != 0 {
			b.properties = p.take(p.number())
		}
		b.encrypted = b.encrypted || method == szAES
		b.method += method
		b.inputs += in
		b.outputs += out
		if in > maxCoders || out > maxCoders {
			p.fail(errBroken)
		}
	}
	if b.outputs == 0 || p.err != nil {
		p.fail(errBroken)
		return b
	}
	bound := map[uint64]bool{}
	for range b.outputs - 1 {
		p.number()
		bound[p.number()] = true
	}
	for b.mainOutput = b.outputs - 1; b.mainOutput > 0 && bound[uint64(b.mainOutput)]; b.mainOutput-- {
	}
	if b.inputs -= b.outputs - 1; b.inputs < 1 {
		p.fail(errBroken)
		return b
	}
	if b.inputs > 1 {
		for range b.inputs {
			p.number()
		}
	}
	return b
}

// subStreams reads how the content of blocks is divided among members. What a
// block's last member has of it is not written, nor is the CRC of an only one.
func (p *szParser) subStreams(h *szHeader) {
	counts := make([]int, len(h.blocks))
	for i := range counts {
		counts[i] = 1
	}
	id := p.byte()
	if id == szCounts {
		for i := range counts {
			counts[i] = p.count()
		}
		id = p.byte()
	}
	sized := id == szSize
	for i, b := range h.blocks {
		left := b.size
		for k := range counts[i] {
			s := szStream{stated{size: left}, b}
			if k < counts[i]-1 {
				if !sized || p.err != nil {
					p.fail(errBroken)
					return
				}
				s.size = p.size()
			}
			if left -= s.size; left < 0 {
				p.fail(errBroken)
				return
			}
			if counts[i] == 1 {
				s.stated = b.stated
			}
			h.streams = append(h.streams, s)
		}
	}
	if sized {
		id = p.byte()
	}
	if id == szCRC {
		var open []int
		for i, s := range h.streams {
			if !s.hasCRC {
				open = append(open, i)
			}
		}
		for k, s := range p.sums(len(open)) {
			h.streams[open[k]].crc, h.streams[open[k]].hasCRC = s.crc, s.hasCRC
		}
		id = p.byte()
	}
	if id != szEnd {
		p.fail(errBroken)
	}
}

// files reads the members.
func (p *szParser) files(h *szHeader) {
	h.files = make([]szFile, p.count())
	var empty, emptyFile []bool
	blank := 0
	for id := p.byte(); id != szEnd && p.err == nil; id = p.byte() {
		part := szParser{b: p.take(p.number())}
		switch id {
		case szEmptyStream:
			empty, blank = part.bits(len(h.files)), 0
			for _, e := range empty {
				if e {
					blank++
				}
			}
		case szEmptyFile:
			emptyFile = part.bits(blank)
		case szNames:
			part.names(h.files)
		case szAttributes:
			part.attributes(h.files)
		}
		if part.err != nil {
			p.fail(part.err)
		}
	}
	streams := 0
	blank = 0
	for i := range h.files {
		f := &h.files[i]
		if i < len(empty) && empty[i] {
			f.empty = blank < len(emptyFile) && emptyFile[blank]
			blank++
			continue
		}
		f.hasStream = true
		streams++
	}
	if streams > len(h.streams) {
		p.fail(errBroken)
	}
}

// names reads names in UTF-16, each with a NUL behind it.
func (p *szParser) names(files []szFile) {
	if p.byte() != 0 { // external
		p.fail(errBroken)
	}
	for i := range files {
		var name []uint16
		for {
			t := p.take(2)
			if t == nil {
				return
			}
			u := le16(t)
			if u == 0 {
				break
			}
			name = append(name, u)
		}
		files[i].name = string(utf16.Decode(name))
	}
}

// attributes reads those of Windows; 7-Zip on Unix puts st_mode into the upper half
// and says so with bit 15.
func (p *szParser) attributes(files []szFile) {
	has := p.defined(len(files))
	if p.byte() != 0 { // external
		p.fail(errBroken)
	}
	for i, has := range has {
		if !has {
			continue
		}
		if a := p.uint32(); a&0x8000 != 0 {
			files[i].mode = a >> 16
		}
	}
}

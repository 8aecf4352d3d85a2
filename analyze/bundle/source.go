package bundle

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"culprit/analyze/fact"
)

// source visits one opened source and completes its row. The error is errStop when
// a limit of the whole is reached.
func (w *walker) source(p string, s stream) error {
	head, err := s.body.Peek(headBytes)
	if err := w.ended(); err != nil {
		return w.stop(err)
	}
	v := classify(p, head)
	// What was cut before its first byte is not called empty.
	if len(head) == 0 && (s.damaged || err != io.EOF) {
		v = verdict{kind: cmp.Or(v.want, fact.KindBinary)}
	}
	if v.odd != "" {
		w.problem(p, "%s", v.odd)
	}
	src := fact.Source{Path: p, Kind: v.kind, State: w.promised.state(p)}
	r := &sourceReader{ended: w.ended, r: s.body, left: min(w.lim.SourceBytes, w.lim.TotalBytes-w.total)}
	if w.promised.hashed(p) && s.format == "" {
		w.hash.Reset()
		r.hash = w.hash
	}
	w.visit(src, w.steps(src, head, r))
	_, _ = io.Copy(io.Discard, r) // it ends with io.EOF only
	w.total += r.n
	src.Size = r.n
	if r.hash != nil {
		src.SHA256 = hex.EncodeToString(r.hash.Sum(nil))
	}
	return w.complete(src, s, r.end)
}

// complete appends src, given the error that ended its content.
func (w *walker) complete(src fact.Source, s stream, end error) error {
	if errors.Is(end, errSource) && w.total >= w.lim.TotalBytes {
		end = errTotal
	}
	if errors.Is(end, errTrailing) {
		w.problem(src.Path, "%v", end)
	} else if end != io.EOF {
		src.State = fact.Truncated
		w.problem(src.Path, "cut after %d bytes: %s", src.Size, reason(end))
	}
	if s.damaged {
		src.State = fact.Truncated
	}
	if s.format != "" {
		w.promised.stored[src.Path] = digest{s.raw.n, s.raw.sum()}
	}
	w.bundle.Sources = append(w.bundle.Sources, src)
	if limits(end) {
		return w.stop(end)
	}
	return nil
}

// steps reads the collection steps that a source records before visit does, and
// returns what visit is to read.
func (w *walker) steps(src fact.Source, head []byte, r io.Reader) io.Reader {
	if isErrFile(src.Path) {
		w.log.errFile(src.Path, head)
		return r
	}
	if src.Kind != fact.KindManifest && src.Kind != fact.KindCollectLog {
		return r
	}
	text, err := io.ReadAll(io.LimitReader(r, maxStepLog))
	if err != nil {
		return r
	}
	if len(text) == maxStepLog {
		w.problem(src.Path, "only the first %d bytes are read", maxStepLog)
	}
	if src.Kind == fact.KindCollectLog {
		items, problems := readCollectLog(bytes.NewReader(text), src.Path, w.lim.Entries)
		w.log.items = append(w.log.items, items...)
		w.report(problems...)
	} else {
		w.manifest(src.Path, text)
	}
	return io.MultiReader(bytes.NewReader(text), r)
}

// manifest takes in a manifest. The first one gives the bundle's header.
func (w *walker) manifest(p string, text []byte) {
	m, lines, problems := readManifest(bytes.NewReader(text), p, w.lim.Entries)
	w.report(problems...)
	if w.bundle.Manifest == nil {
		w.bundle.Manifest = &m
	} else {
		w.problem(p, "another manifest, of node %s: nodes of one bundle are not told apart", quote(m.Node))
	}
	w.promised.add(lines)
}

// sourceReader is the content of one source as visit sees it: counted, limited,
// hashed where a manifest states a hash, and ended by io.EOF whatever the reason.
type sourceReader struct {
	ended func() error
	r     io.Reader
	hash  hash.Hash
	n     int64
	left  int64
	end   error // why it ended, io.EOF when it is whole
}

func (s *sourceReader) Read(p []byte) (int, error) {
	if s.end == nil {
		s.end = s.ended()
	}
	if s.end != nil {
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	if s.left <= 0 {
		s.end = s.overLimit()
		return 0, io.EOF
	}
	n, err := s.r.Read(p[:min(int64(len(p)), s.left)])
	s.n += int64(n)
	s.left -= int64(n)
	if s.hash != nil {
		s.hash.Write(p[:n])
	}
	if err != nil {
		s.end = err
		return n, io.EOF
	}
	return n, nil
}

// overLimit tells a source that ends at its limit from one that goes on.
func (s *sourceReader) overLimit() error {
	var one [1]byte
	if _, err := io.ReadFull(s.r, one[:]); err != nil {
		return err
	}
	return errSource
}

// verdict is what a source is, and was expected to be.
type verdict struct {
	kind, want fact.Kind
	odd        string // the problem, "" none
}

// recognised reports whether a source of kind is worth a report on its own.
func recognised(k fact.Kind) bool {
	switch k {
	case fact.KindUnknown, fact.KindEmpty, fact.KindText, fact.KindBinary:
		return false
	}
	return true
}

// expectedText says what a name promised.
func expectedText(what string, want fact.Kind) string {
	return fmt.Sprintf("%s where a file of kind %s was expected", what, want)
}

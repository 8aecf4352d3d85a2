package tui

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"culprit/analyze/fact"
	"culprit/analyze/render"
)

// pinFile keeps what is pinned from one run to the next, also one that was killed. It
// lies in the user's cache folder, its name made of the paths of the bundle:
//
//	{"format":"culprit.pins/1","bundle":["/tmp/b.tar.zst"],"state":"812345 2026-11-22T03:49:28Z",
//	 "pins":[{"source":"proc/507/stack","line":1,"text":"[<0>] ...","note":"frozen"}]}
type pinFile struct {
	paths []string
	mu    sync.Mutex
	turn  int // of the last save
	// known are the pins that this run has seen in the file or written there: others were
	// written by another run meanwhile, and stay.
	known map[pinJSON]bool
}

// pinFormat is the version of the file.
const pinFormat = "culprit.pins/1"

type pinsJSON struct {
	Format string    `json:"format"`
	Bundle []string  `json:"bundle"`
	State  string    `json:"state"`
	Pins   []pinJSON `json:"pins"`
}

type pinJSON struct {
	Source string `json:"source"`
	Line   int    `json:"line,omitempty"`
	End    int    `json:"end,omitempty"`
	Text   string `json:"text"`
	Note   string `json:"note,omitempty"`
}

// name is the file's, and the paths of the bundle as they are known everywhere.
func (p *pinFile) name() (file string, paths []string, err error) {
	for _, path := range p.paths {
		abs, err := filepath.Abs(path)
		if err != nil {
			return "", nil, err
		}
		paths = append(paths, abs)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", nil, err
	}
	sum := sha256.Sum256([]byte(strings.Join(paths, "\x00")))
	return filepath.Join(dir, "culprit", fmt.Sprintf("pins-%x.json", sum[:8])), paths, nil
}

// load reads the pins; stale says that the bundle has changed since. There being none
// is no error.
func (p *pinFile) load() (pins []render.Pin, stale bool, err error) {
	file, paths, err := p.name()
	if err != nil {
		return nil, false, err
	}
	kept, err := readPins(file)
	if err != nil {
		return nil, false, err
	}
	if kept == nil {
		return nil, false, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, k := range kept.Pins {
		p.learn(k)
		pins = append(pins, render.Pin{Ref: fact.Ref{Source: k.Source, Line: k.Line, EndLine: k.End}, Text: k.Text, Note: k.Note})
	}
	return pins, kept.State != stateOf(paths), nil
}

func (p *pinFile) learn(k pinJSON) {
	if p.known == nil {
		p.known = map[pinJSON]bool{}
	}
	p.known[k] = true
}

// readPins reads the file, nil where there is none.
func readPins(file string) (*pinsJSON, error) {
	raw, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var kept pinsJSON
	if err := json.Unmarshal(raw, &kept); err != nil || kept.Format != pinFormat {
		return nil, fmt.Errorf("%s is not a file of pins", file)
	}
	return &kept, nil
}

// save writes the pins whole or not at all; one whose turn is over does nothing.
func (p *pinFile) save(turn int, pins []render.Pin) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if turn <= p.turn {
		return nil
	}
	p.turn = turn
	file, paths, err := p.name()
	if err != nil {
		return err
	}
	kept := pinsJSON{Format: pinFormat, Bundle: paths, State: stateOf(paths)}
	for _, pin := range pins {
		kept.Pins = append(kept.Pins, pinJSON{pin.Ref.Source, pin.Ref.Line, pin.Ref.EndLine, pin.Text, pin.Note})
	}
	if now, err := readPins(file); err == nil && now != nil {
		for _, k := range now.Pins {
			if !p.known[k] {
				kept.Pins = append(kept.Pins, k)
			}
		}
	}
	for _, k := range kept.Pins[:len(pins)] {
		p.learn(k)
	}
	if len(kept.Pins) == 0 {
		if err := os.Remove(file); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	raw, err := json.MarshalIndent(kept, "", " ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	part := file + ".part"
	if err := os.WriteFile(part, raw, 0o600); err != nil {
		return err
	}
	return os.Rename(part, file)
}

// stateOf tells one state of the paths from another: their sizes and times.
func stateOf(paths []string) string {
	var out []string
	for _, path := range paths {
		out = append(out, state(path))
	}
	return strings.Join(out, ", ")
}

// state is that of a file, or of what lies in a folder, as far as there is not too much.
func state(path string) string {
	const most = 20_000 // files
	files, size := 0, int64(0)
	var latest time.Time
	err := filepath.WalkDir(path, func(at string, e fs.DirEntry, err error) error {
		if err != nil {
			if at == path {
				return err
			}
			return nil
		}
		if st, err := e.Info(); err == nil {
			size += st.Size()
			if st.ModTime().After(latest) {
				latest = st.ModTime()
			}
		}
		if files++; files > most {
			return fs.SkipAll
		}
		return nil
	})
	if err != nil {
		return "gone"
	}
	return fmt.Sprintf("%d %d %s", files, size, latest.UTC().Format(time.RFC3339Nano))
}

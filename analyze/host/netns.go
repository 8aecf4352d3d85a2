package host

import (
	"path"
	"strings"
)

// NetNSOf is the inode number of the network namespace whose listing source is: the
// element below the last "netns" of the path, as in netns/4026532728/ss-xan.txt. ""
// where the path names none.
func NetNSOf(source string) string {
	parts := strings.Split(path.Clean(source), "/")
	for i := len(parts) - 3; i >= 0; i-- {
		if parts[i] == "netns" && isDigits(parts[i+1]) && len(parts[i+1]) <= 20 {
			return parts[i+1]
		}
	}
	return ""
}

# shellcheck shell=sh
# A service in a mount namespace of its own, started after the containers, holds
# copies of their root filesystems that no unmount of dockerd reaches. From kernel
# 3.18 on the removal of a container detaches such copies: the danger is latent.

provoke() {
	unshare -m --propagation private sleep 86400 &
	holder=$!
	until_ok 5 sh -c "grep -q '/merged' /proc/$holder/mountinfo && grep -q sleep /proc/$holder/comm"
}

undo() { kill "$holder"; }

truth() {
	cat <<-'JSON'
		{
		 "slug": "lab-mount-held",
		 "root_cause": "none that breaks a removal: a process in a private mount namespace holds copies of containers' overlay mounts, and this kernel detaches them",
		 "healthy": true,
		 "latent_expected": ["mount-leak-foreign-mntns"],
		 "must_not_conclude_rules": ["dockerd-shim-mntns-split"]
		}
	JSON
}

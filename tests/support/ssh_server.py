"""An SSH server that runs git for whoever has a key: ``python -m tests.support.ssh_server FOLDER``.

It writes the key and its own host key into the folder, and prints its port. A process of its own,
because asyncssh leaves coroutines behind when its event loop ends.
"""

import asyncio
import sys
from pathlib import Path

import asyncssh


async def main(folder: Path) -> None:
    """Serve until killed."""
    host, person = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    key = folder / "a key"
    person.write_private_key(str(key))
    key.chmod(0o600)

    async def run(process: "asyncssh.SSHServerProcess[bytes]") -> None:
        command, _, path = str(process.command).partition(" ")
        assert command in ("git-upload-pack", "git-receive-pack")
        child = await asyncio.create_subprocess_exec(
            "git",
            command.removeprefix("git-"),
            path.strip("'"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        await process.redirect(child.stdin, child.stdout, child.stderr)
        process.exit(await child.wait())

    class ForThePerson(asyncssh.SSHServer):
        def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
            return bool(key.public_data == person.public_data)

        def public_key_auth_supported(self) -> bool:
            return True

    server = await asyncssh.create_server(
        ForThePerson, "127.0.0.1", 0, server_host_keys=[host], process_factory=run, encoding=None
    )
    port = server.get_port()
    public = host.export_public_key().decode()
    (folder / "known hosts").write_text(f"[127.0.0.1]:{port} {public}")
    print(port, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))

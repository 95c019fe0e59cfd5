# SPDX-License-Identifier: Apache-2.0
"""Certificates, users and JVM properties of an original deployment that lets in only who proves
who he is: TLS with certificates on both sides, and signed requests (ACL 2.0).

Everything is made at run time by the openssl command line and lives as long as the run. What the
suite finds in the directory (suite/secure_cases.cc knows these names):
  root.pem                       the authority the servers trust, and which signed theirs
  client.pem, client.key         ours: a chain by way of an intermediate authority; the key is
                                 encrypted with KEY_PASSWORD
  stranger-root.pem, stranger.pem, stranger.key   of an authority nobody here trusts
"""
import json
import shutil
import ssl
import subprocess

from deployment import servers

KEY_PASSWORD = "kept secret"
# May do everything.
USER = ("suite", "a secret of the suite")
# May read, and nothing else.
READER = ("reader", "a secret of the reader")
_BROKER = ("broker", "a secret of the broker")


class Security:
    def __init__(self, directory):
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        if shutil.which("openssl") is None:
            raise servers.Unavailable("openssl is not installed")
        self._make_certificates()
        self.tls = ssl.create_default_context(cafile=str(directory / "root.pem"))
        self.tls.load_cert_chain(directory / "client.pem", directory / "client.key", KEY_PASSWORD)
        conf = directory / "conf"
        conf.mkdir(exist_ok=True)
        (conf / "tools.yml").write_text(f'accessKey: "{USER[0]}"\nsecretKey: "{USER[1]}"\n')

    @property
    def jvm(self):
        """Of servers and tools alike: the original's tools are clients of its servers."""
        return [
            "-Dtls.enable=true",
            "-Dtls.test.mode.enable=false",
            "-Dtls.server.mode=enforcing",
            "-Dtls.server.need.client.auth=require",
            "-Dtls.server.authClient=true",
            "-Dtls.client.authServer=true",
            *(f"-Dtls.{side}.{key}={self.directory / name}"
              for side in ("server", "client")
              for key, name in (("certPath", "server.pem"), ("keyPath", "server.key"),
                                ("trustCertPath", "root.pem"))),
        ]

    @property
    def broker_keys(self):
        provider = "org.apache.rocketmq.auth.{0}.provider.{1}{2}Provider".format
        name, password = USER
        return {
            "authenticationEnabled": "true",
            "authenticationProvider": provider("authentication", "Default", "Authentication"),
            "authenticationMetadataProvider":
                provider("authentication", "Local", "AuthenticationMetadata"),
            "initAuthenticationUser": json.dumps({"username": name, "password": password}),
            "innerClientAuthenticationCredentials":
                json.dumps({"accessKey": _BROKER[0], "secretKey": _BROKER[1]}),
            "authorizationEnabled": "true",
            "authorizationProvider": provider("authorization", "Default", "Authorization"),
            "authorizationMetadataProvider":
                provider("authorization", "Local", "AuthorizationMetadata"),
        }

    def add_reader(self, deployment):
        """A user that is no administrator, made as administrators make them."""
        name, password = READER
        broker = ["-b", deployment.broker_for_clients]
        deployment.mqadmin("createUser", *broker, "-u", name, "-p", password, "-t", "Normal")
        told = deployment.mqadmin("createAcl", *broker, "-s", f"User:{name}",
                                  "-r", "Topic:*,Group:*", "-a", "Sub", "-d", "Allow")
        if "success" not in told:
            raise servers.StartFailure(f"no ACL for {name}: {told}")

    def environment(self):
        return {
            "KX_SUITE_CERTIFICATES": str(self.directory),
            "KX_SUITE_KEY_PASSWORD": KEY_PASSWORD,
            "KX_SUITE_USER": ":".join(USER),
            "KX_SUITE_READER": ":".join(READER),
        }

    def _make_certificates(self):
        # Without one of ours openssl takes the system's configuration, and its extensions.
        (self.directory / "openssl.cnf").write_text("[req]\ndistinguished_name=dn\n[dn]\n")
        authority = "basicConstraints=critical,CA:TRUE"
        self._certificate("root", None, authority)
        self._certificate("stranger-root", None, authority)
        self._certificate("intermediate", "root", authority)
        self._certificate("server", "root", "subjectAltName=IP:127.0.0.1")
        self._certificate("client", "intermediate", password=KEY_PASSWORD)
        self._certificate("stranger", "stranger-root")
        with open(self.directory / "client.pem", "a") as chain:
            chain.write((self.directory / "intermediate.pem").read_text())

    def _certificate(self, name, authority, extension=None, password=None):
        command = ["openssl", "req", "-config", "openssl.cnf", "-x509", "-newkey", "ec",
                   "-pkeyopt", "ec_paramgen_curve:prime256v1", "-sha256", "-days", "2",
                   "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem",
                   *(["-passout", f"pass:{password}"] if password else ["-nodes"])]
        if authority:
            command += ["-CA", f"{authority}.pem", "-CAkey", f"{authority}.key"]
        if extension:
            command += ["-addext", extension]
        run = subprocess.run(command, cwd=self.directory, stdin=subprocess.DEVNULL,
                             capture_output=True, text=True)
        if run.returncode != 0:
            raise servers.StartFailure(f"openssl makes no certificate: {run.stderr.strip()}")

// Node's oidc-provider with its adapter in memory: prints a token, then answers introspection.
import { Provider } from 'oidc-provider';

const port = Number(process.argv[2]);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: 'bench', client_secret: 'secret'.repeat(8), grant_types: ['client_credentials'], redirect_uris: [],
    response_types: [], token_endpoint_auth_method: 'client_secret_post',
  }],
  features: { introspection: { enabled: true, allowedPolicy: () => true }, clientCredentials: { enabled: true } },
  scopes: ['read'],
  ttl: { ClientCredentials: 864000 },
});
provider.listen(port, '127.0.0.1');

/** If one of these is set, the user has chosen how MPICH talks, and all of it is the user's. */
const CHOICES = ["MPIR_CVAR_CH4_NETMOD", "FI_PROVIDER", "FI_TCP_IFACE", "UCX_TLS", "UCX_NET_DEVICES"];

/**
 * Has our MPICH talk to other hosts by TCP, and listen on one interface only: that of an address of this host. By itself
 * it would listen on all of them. Over libfabric, since UCX crashes with a process when another one is killed.
 */
export function talkByTcp(address: string): void {
  if (CHOICES.some((name) => Deno.env.get(name) !== undefined)) return;
  const network = Deno.networkInterfaces().find((network) => network.address === address);
  if (!network) throw new Error(`No interface of this host has the address ${address}`);
  Deno.env.set("MPIR_CVAR_CH4_NETMOD", "ofi");
  Deno.env.set("FI_PROVIDER", "tcp");
  Deno.env.set("FI_TCP_IFACE", network.name);
}

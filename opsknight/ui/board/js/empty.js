// What stands where no row is: all is well, nothing matches, or not read yet.
import { get } from "./http.js";

export const Empty = {
  props: { filtered: Boolean, curl: String, observer: Boolean },
  emits: ["clear", "by_hand"],
  template: `
  <div v-if="filtered" class="ok-empty ok-board-empty"><span class="ok-icon ok-icon-search" aria-hidden="true"></span>
    <div><h2>Nothing open matches</h2><p>What is resolved is not on the board. Try fewer words, or look at everything.</p></div>
    <div class="ok-buttons"><button type="button" class="ok-button" @click="$emit('clear')">Show everything</button></div></div>
  <div v-else class="ok-empty ok-board-empty"><span class="ok-icon ok-icon-check ok-board-well" aria-hidden="true"></span>
    <div><h2>All is well</h2><p>Nothing is open. What your monitors send appears here within a second, worst first.</p></div>
    <template v-if="line"><p class="ok-board-try">Try it: this line, pasted into any terminal, opens an incident of {{ of }} and pages whom its policy names.</p>
      <div class="ok-copybox"><code>{{ line }}</code><button class="ok-copy" type="button" data-act="copy" :data-copy="line" data-word="Copy" aria-label="Copy the line"><span class="ok-icon ok-icon-copy" aria-hidden="true"></span></button></div></template>
    <div class="ok-buttons"><button v-if="!observer" type="button" class="ok-button" @click="$emit('by_hand')"><span class="ok-icon ok-icon-plus" aria-hidden="true"></span><span>Open an incident</span></button>
      <a class="ok-button ok-button-quiet" href="/services">Connect a monitor</a></div></div>`,
  data: () => ({ line: "", of: "" }),
  async mounted() {
    if (this.filtered) return;
    const answer = await get("/api/v1/services");
    for (const service of answer.ok ? answer.body : []) {
      const integration = (service.integrations ?? []).find((one) => one.provider === "generic" && one.key);
      if (!integration) continue;
      this.of = service.name;
      this.line = this.curl.replaceAll("{origin}", location.origin).replaceAll("{key}", integration.key);
      return;
    }
  },
};

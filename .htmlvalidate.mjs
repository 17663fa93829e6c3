// Is the built site valid HTML? Asked weekly. What the standard demands, no matters of taste; names, labels and
// references are looked at in a browser (tests/site/), where the theme's scripts have run. What is excepted, and why:
export default {
  root: true,
  extends: ["html-validate:standard"],
  elements: [
    "html5",
    {
      // The theme leaves the attribute empty on the labels of its menu. A browser takes it for absent.
      label: { attributes: { tabindex: { enum: ["", "/-?\\d+/"] } } },
    },
  ],
  rules: {
    // The theme says autocomplete="off" of the boxes that open its menus, so that a browser that restores forms leaves
    // them shut. The site has no field of its own.
    "valid-autocomplete": "off",
  },
}
